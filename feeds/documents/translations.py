"""Translations of the fixed texts of HTML pages, and date formats, by language.

A language without texts gets the English ones; a language without a date format gets ISO 8601.
The formats are CLDR's long ones, of the Gregorian calendar. The machine's locale is never used.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
    "diciembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "cs": "ledna února března dubna května června července srpna září října listopadu prosince",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "fi": "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
    "syyskuuta lokakuuta marraskuuta joulukuuta",
    "he": "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
    "id": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
    "dicembre",
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
    "listopada grudnia",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
    "dezembro",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}
# By the day, the month's name (or number) and the year.
_FORMS = {
    "en": "{day} {month} {year}",
    "de": "{day}. {month} {year}",
    "fr": "{day} {month} {year}",
    "es": "{day} de {month} de {year}",
    "ar": "{day} {month} {year}",
    "zh": "{year}年{number}月{day}日",
    "ja": "{year}年{number}月{day}日",
    "cs": "{day}. {month} {year}",
    "da": "{day}. {month} {year}",
    "fi": "{day}. {month} {year}",
    "he": "{day} ב{month} {year}",
    "id": "{day} {month} {year}",
    "it": "{day} {month} {year}",
    "ko": "{year}년 {number}월 {day}일",
    "nb": "{day}. {month} {year}",
    "nl": "{day} {month} {year}",
    "pl": "{day} {month} {year}",
    "pt": "{day} de {month} de {year}",
    "ru": "{day} {month} {year} г.",
    "sv": "{day} {month} {year}",
    "tr": "{day} {month} {year}",
    "uk": "{day} {month} {year} р.",
    "vi": "{day} tháng {number}, {year}",
}
_SAME = {"no": "nb", "iw": "he", "in": "id"}
"""Other codes of the same language."""


class PageTexts(Struct, frozen=True):
    """What the pages say in one language."""

    language: str
    skip: str
    subscribe: str
    why: str
    what: str
    copy: str
    copied: str
    latest: str
    older: str
    archive: str
    newest: str
    empty: str
    updated: str
    file: str
    terms: str
    all_posts: str
    all_feeds: str
    category: str
    tag: str
    author: str
    lang: str
    filter: str
    found: str
    opml: str
    site: str
    made: str
    raw: str


_WORDS = {
    "en": PageTexts(
        language="en",
        skip="Skip to the posts",
        subscribe="Subscribe",
        why="A feed reader shows you every new post, in order and without an account.",
        what="What is a feed?",
        copy="Copy address",
        copied="Copied",
        latest="Latest posts",
        older="Older posts",
        archive="These are older posts.",
        newest="Newest posts",
        empty="There are no posts yet.",
        updated="updated",
        file="Attached file",
        terms="Filed under",
        all_posts="All posts",
        all_feeds="All feeds",
        category="Categories",
        tag="Tags",
        author="Authors",
        lang="Languages",
        filter="Filter the feeds",
        found="Found",
        opml="All feeds in one file, for a reader to import (OPML)",
        site="The site",
        made="Made with",
        raw="This is a feed. Give its address to a feed reader.",
    ),
    "zh": PageTexts(
        language="zh-Hans",
        skip="跳到文章",
        subscribe="订阅",
        why="把地址交给订阅阅读器，新文章会按顺序自动送到，不用注册。",
        what="什么是订阅源？",
        copy="复制地址",
        copied="已复制",
        latest="最新文章",
        older="更早的文章",
        archive="这里是较早的文章。",
        newest="最新文章",
        empty="还没有文章。",
        updated="更新于",
        file="附件",
        terms="分类",
        all_posts="全部文章",
        all_feeds="全部订阅源",
        category="分类",
        tag="标签",
        author="作者",
        lang="语言",
        filter="筛选订阅源",
        found="找到",
        opml="全部订阅源合为一个文件，供阅读器导入（OPML）",
        site="网站",
        made="制作工具：",
        raw="这是一个订阅源。请把它的地址交给订阅阅读器。",
    ),
    "zh-hant": PageTexts(
        language="zh-Hant",
        skip="跳到文章",
        subscribe="訂閱",
        why="把網址交給訂閱閱讀器，新文章會依序自動送達，不必註冊。",
        what="什麼是訂閱源？",
        copy="複製網址",
        copied="已複製",
        latest="最新文章",
        older="更早的文章",
        archive="這裡是較早的文章。",
        newest="最新文章",
        empty="還沒有文章。",
        updated="更新於",
        file="附件",
        terms="分類",
        all_posts="全部文章",
        all_feeds="全部訂閱源",
        category="分類",
        tag="標籤",
        author="作者",
        lang="語言",
        filter="篩選訂閱源",
        found="找到",
        opml="全部訂閱源合為一個檔案，供閱讀器匯入（OPML）",
        site="網站",
        made="製作工具：",
        raw="這是一個訂閱源。請把它的網址交給訂閱閱讀器。",
    ),
    "ja": PageTexts(
        language="ja",
        skip="記事へ移動",
        subscribe="購読",
        why="フィードリーダーにアドレスを登録すると、新しい記事が順番に届きます。会員登録は不要です。",
        what="フィードとは？",
        copy="アドレスをコピー",
        copied="コピーしました",
        latest="最新の記事",
        older="以前の記事",
        archive="これは以前の記事です。",
        newest="最新の記事",
        empty="記事はまだありません。",
        updated="更新",
        file="添付ファイル",
        terms="分類",
        all_posts="すべての記事",
        all_feeds="すべてのフィード",
        category="カテゴリー",
        tag="タグ",
        author="著者",
        lang="言語",
        filter="フィードを絞り込む",
        found="該当",
        opml="すべてのフィードをまとめたファイル（OPML、リーダーへのインポート用）",
        site="サイト",
        made="作成：",
        raw="これはフィードです。アドレスをフィードリーダーに登録してください。",
    ),
    "de": PageTexts(
        language="de",
        skip="Zu den Beiträgen",
        subscribe="Abonnieren",
        why="Ein Feedreader zeigt jeden neuen Beitrag, der Reihe nach und ohne Konto.",
        what="Was ist ein Feed?",
        copy="Adresse kopieren",
        copied="Kopiert",
        latest="Neueste Beiträge",
        older="Ältere Beiträge",
        archive="Dies sind ältere Beiträge.",
        newest="Neueste Beiträge",
        empty="Es gibt noch keine Beiträge.",
        updated="geändert",
        file="Angehängte Datei",
        terms="Abgelegt unter",
        all_posts="Alle Beiträge",
        all_feeds="Alle Feeds",
        category="Kategorien",
        tag="Schlagwörter",
        author="Autorinnen und Autoren",
        lang="Sprachen",
        filter="Feeds filtern",
        found="Gefunden",
        opml="Alle Feeds in einer Datei, zum Importieren in einen Feedreader (OPML)",
        site="Die Website",
        made="Erstellt mit",
        raw="Dies ist ein Feed. Seine Adresse gehört in einen Feedreader.",
    ),
    "fr": PageTexts(
        language="fr",
        skip="Aller aux articles",
        subscribe="S’abonner",
        why="Un lecteur de flux affiche chaque nouvel article, dans l’ordre et sans compte.",
        what="Qu’est-ce qu’un flux ?",
        copy="Copier l’adresse",
        copied="Copié",
        latest="Derniers articles",
        older="Articles plus anciens",
        archive="Voici des articles plus anciens.",
        newest="Derniers articles",
        empty="Il n’y a pas encore d’article.",
        updated="mis à jour le",
        file="Fichier joint",
        terms="Classé dans",
        all_posts="Tous les articles",
        all_feeds="Tous les flux",
        category="Catégories",
        tag="Mots-clés",
        author="Auteurs",
        lang="Langues",
        filter="Filtrer les flux",
        found="Trouvés",
        opml="Tous les flux en un fichier, à importer dans un lecteur (OPML)",
        site="Le site",
        made="Fait avec",
        raw="Ceci est un flux. Donnez son adresse à un lecteur de flux.",
    ),
    "es": PageTexts(
        language="es",
        skip="Ir a las entradas",
        subscribe="Suscribirse",
        why="Un lector de feeds muestra cada entrada nueva, en orden y sin crear una cuenta.",
        what="¿Qué es un feed?",
        copy="Copiar dirección",
        copied="Copiada",
        latest="Últimas entradas",
        older="Entradas anteriores",
        archive="Estas son entradas anteriores.",
        newest="Últimas entradas",
        empty="Todavía no hay entradas.",
        updated="actualizada el",
        file="Archivo adjunto",
        terms="Archivada en",
        all_posts="Todas las entradas",
        all_feeds="Todos los feeds",
        category="Categorías",
        tag="Etiquetas",
        author="Autores",
        lang="Idiomas",
        filter="Filtrar los feeds",
        found="Encontrados",
        opml="Todos los feeds en un archivo, para importar en un lector (OPML)",
        site="El sitio",
        made="Hecho con",
        raw="Esto es un feed. Copie su dirección en un lector de feeds.",
    ),
    "ar": PageTexts(
        language="ar",
        skip="انتقل إلى المقالات",
        subscribe="اشترك",
        why="يعرض لك قارئ الخلاصات كل مقال جديد بالترتيب ومن دون حساب.",
        what="ما هي الخلاصة؟",
        copy="انسخ العنوان",
        copied="نُسخ",
        latest="أحدث المقالات",
        older="مقالات أقدم",
        archive="هذه مقالات أقدم.",
        newest="أحدث المقالات",
        empty="لا توجد مقالات بعد.",
        updated="حُدِّث في",
        file="ملف مرفق",
        terms="التصنيف",
        all_posts="كل المقالات",
        all_feeds="كل الخلاصات",
        category="التصنيفات",
        tag="الوسوم",
        author="الكتّاب",
        lang="اللغات",
        filter="تصفية الخلاصات",
        found="النتائج",
        opml="كل الخلاصات في ملف واحد للاستيراد في قارئ (OPML)",
        site="الموقع",
        made="صُنع بواسطة",
        raw="هذه خلاصة. أعطِ عنوانها لقارئ خلاصات.",
    ),
}

_TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})
# BCP 47: languages that are written from right to left unless they name another script.
_RIGHT_TO_LEFT = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_SCRIPTS = {"arab": "rtl", "hebr": "rtl", "syrc": "rtl", "thaa": "rtl", "nkoo": "rtl"}


def texts_for(language: str) -> PageTexts:
    """The words for a language tag (BCP 47); English where there are none."""
    primary, *others = language.lower().split("-")
    if primary == "zh" and _TRADITIONAL.intersection(others) and "hans" not in others:
        return _WORDS["zh-hant"]
    return _WORDS.get(primary, _WORDS["en"])


def direction(language: str) -> str:
    """The direction of writing, `ltr` or `rtl`."""
    primary, *others = language.lower().split("-")
    for script in others:
        if len(script) == 4 and script.isalpha():
            return _SCRIPTS.get(script, "ltr")
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def format_date(moment: datetime, language: str) -> str:
    """The day of a moment, as its author's clock had it."""
    primary = language.lower().partition("-")[0]
    primary = _SAME.get(primary, primary)
    form = _FORMS.get(primary)
    if form is None:
        return moment.date().isoformat()
    names = _MONTHS.get(primary, "").split()
    name = names[moment.month - 1] if names else ""
    day = "1er" if primary == "fr" and moment.day == 1 else str(moment.day)
    return form.format(day=day, month=name, number=moment.month, year=moment.year)
