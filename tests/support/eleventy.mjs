// Prints what Eleventy makes of the site in a folder, as JSON: file -> title, date, tags, url.
import { Eleventy } from "@11ty/eleventy";

const input = process.argv[2] || ".";
const pages = {};
const eleventy = new Eleventy(input, "_site", {
  quietMode: true,
  configPath: false,
  config(settings) {
    settings.addCollection("pages", (collection) => {
      for (const { inputPath, url, date, data } of collection.getAll()) {
        if (!url) continue;
        pages[inputPath.replace(/^\.\//, "")] = {
          title: String(data.title ?? ""),
          date: date.toISOString().replace(/\.\d+Z$/, "Z"),
          tags: data.tags ?? [],
          url,
        };
      }
      return [];
    });
  },
});
await eleventy.toJSON();
console.log(JSON.stringify(pages));
