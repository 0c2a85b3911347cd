# Reads the site in a folder, as Jekyll does.
require "jekyll"
require "json"

def read_site(folder)
  Jekyll.logger.log_level = :error
  site = Jekyll::Site.new(Jekyll.configuration("source" => folder, "destination" => "#{folder}/_site", "quiet" => true))
  site.reset
  site.read
  site.generate
  site
end
