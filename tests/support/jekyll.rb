# Prints what Jekyll makes of the site in a folder, as JSON: file -> title, date, categories, tags, url.
require_relative "jekyll_site"

site = read_site(ARGV[0])
pages = site.documents.select(&:write?).to_h do |document|
  data = document.data
  [document.relative_path, {
    "title" => data["title"].to_s,
    "date" => data["date"].getutc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "categories" => data["categories"],
    "tags" => data["tags"],
    "url" => document.url,
  }]
end
puts JSON.generate(pages)
