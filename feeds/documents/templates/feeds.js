
// Show the feeds whose title or folder has what is typed. Without this all are there, and no box.
const box = document.querySelector(".filter");
const input = box.querySelector("input"), status = box.querySelector("[role=status]");
const plain = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const groups = [...document.querySelectorAll("main section")].map(section => ({
  section,
  rows: [...section.querySelectorAll("li")].map(row => {
    const link = row.firstElementChild;
    return { row, text: plain(link.textContent + "\n" + decodeURI(link.pathname)) };
  }),
}));
const filter = () => {
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { section, rows } of groups) {
    let any = false;
    for (const { row, text } of rows) {
      const fits = words.every(word => text.includes(word));
      row.hidden = !fits;
      any ||= fits;
      found += fits;
    }
    section.hidden = !any;
  }
  status.textContent = words.length ? `${status.dataset.found}: ${found}` : "";
};
input.addEventListener("input", filter);
box.hidden = false;
filter();
