// Prints the text of each HTML page of the site in a folder after Liquid, as JSON: file -> text.
import { Eleventy } from "@11ty/eleventy";

const eleventy = new Eleventy(".", "_site", { quietMode: true, configPath: false });
const pages = {};
for (const { inputPath, content } of await eleventy.toJSON()) {
  pages[inputPath.replace(/^\.\//, "")] = content;
}
console.log(JSON.stringify(pages));
