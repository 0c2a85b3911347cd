# Prints the text of each post of a site after Liquid and before Markdown, as JSON: file -> text.
require "jekyll"
require "json"

Jekyll.logger.log_level = :error
folder = ARGV[0]
site = Jekyll::Site.new(Jekyll.configuration("source" => folder, "destination" => "#{folder}/_site", "quiet" => true))
site.reset
site.read
site.generate
texts = site.posts.docs.to_h do |document|
  payload = site.site_payload
  payload["page"] = document.to_liquid
  info = { :registers => { :site => site, :page => payload["page"] } }
  begin
    text = Jekyll::Renderer.new(site, document, payload).render_liquid(document.content, payload, info, document.path)
  rescue StandardError => e
    text = "ERROR #{e.message}"
  end
  [document.relative_path, text]
end
puts JSON.generate(texts)
