// Prints what Docusaurus makes of the blog of a site, as JSON: file -> title, date, tags, url …
// Arguments: the folder of the site, then its settings as JSON: those of Docusaurus that the blog
// plugin reads, and `created`, the moment at which each file was created.
import { generateBlogPosts } from "@docusaurus/plugin-content-blog/lib/blogUtils.js";
import { getAuthorsMap } from "@docusaurus/plugin-content-blog/lib/authorsMap.js";
import { validateOptions } from "@docusaurus/plugin-content-blog/lib/options.js";
import { DEFAULT_PARSE_FRONT_MATTER } from "@docusaurus/utils";
import common from "@docusaurus/utils-common";
import { getTagsFile, normalizePluginOptions } from "@docusaurus/utils-validation";
import path from "node:path";

const siteDir = path.resolve(process.argv[2]);
const { created, baseUrl, trailingSlash, locale, ...given } = JSON.parse(process.argv[3]);
const options = validateOptions({
  validate: normalizePluginOptions,
  options: { onInlineTags: "ignore", onInlineAuthors: "ignore", ...given },
});
const contentPaths = {
  contentPath: path.join(siteDir, options.path),
  contentPathLocalized:
    locale && path.join(siteDir, "i18n", locale, "docusaurus-plugin-content-blog"),
};
const context = {
  siteDir,
  siteConfig: {
    baseUrl,
    markdown: { parseFrontMatter: DEFAULT_PARSE_FRONT_MATTER },
    future: {
      experimental_vcs: {
        getFileCreationInfo: async () => ({ timestamp: Date.parse(created), author: "A" }),
      },
    },
  },
  i18n: { currentLocale: locale ?? "en" },
};
const posts = await generateBlogPosts(
  contentPaths,
  context,
  options,
  await getTagsFile({ contentPaths, tags: options.tags }),
  await getAuthorsMap({ contentPaths, authorsMapPath: options.authorsMapPath, baseUrl,
    authorsBaseRoutePath: "/blog/authors" }),
);
const pages = {};
for (const { metadata } of posts) {
  if (metadata.unlisted) continue;
  pages[metadata.source.replace(/^@site\//, "")] = {
    title: metadata.title,
    date: metadata.date.toISOString().replace(/\.\d+Z$/, "Z"),
    tags: [...new Set(metadata.tags.map((tag) => tag.label))],
    authors: metadata.authors.map((author) => author.name),
    url: common.applyTrailingSlash(metadata.permalink, { trailingSlash, baseUrl }),
  };
}
console.log(JSON.stringify(pages));
