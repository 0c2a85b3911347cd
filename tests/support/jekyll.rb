# Prints as JSON what Jekyll knows of each post of a site. Nothing is rendered.
# Usage: ruby jekyll.rb SITE
require "jekyll"
require "json"

Jekyll.logger.log_level = :error
site = Jekyll::Site.new(Jekyll.configuration("source" => ARGV[0], "disable_disk_cache" => true))
site.reset
site.read
posts = site.posts.docs.map do |post|
  {
    key: post.relative_path,
    url: site.config["url"] + site.config["baseurl"].to_s + post.url,
    title: post.data["title"].to_s,
    published: post.date.to_i,
    categories: post.data["categories"].map(&:to_s),
    tags: post.data["tags"].map(&:to_s),
  }
end
puts JSON.generate(posts)
