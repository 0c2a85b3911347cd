# Prints the text of each post of a site after Liquid and before Markdown, as JSON: file -> text.
require_relative "jekyll_site"

site = read_site(ARGV[0])
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
