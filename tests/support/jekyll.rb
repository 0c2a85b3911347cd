# Prints what Jekyll makes of the site in a folder, as JSON: file -> title, date, categories, tags, url.
require "jekyll"
require "json"

Jekyll.logger.log_level = :error
folder = ARGV[0]
site = Jekyll::Site.new(Jekyll.configuration("source" => folder, "destination" => "#{folder}/_site", "quiet" => true))
site.reset
site.read
site.generate
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
