-- Links that lead where a click may lead: to pages, letters, numbers, and within the text. Any other becomes plain text,
-- such as one that runs a script or opens a file. Markup that is kept as it stands may do anything, so none is kept,
-- but for pages of HTML, which are cleaned afterwards.
-- How many links that are stands afterwards in a file beside the result, as pandoc itself tells nobody.
local CLICKED = { ['http:'] = true, ['https:'] = true, ['mailto:'] = true, ['tel:'] = true, ['ftp:'] = true }
local left_out = 0

local function leads(target)
  if target == '' or target:sub(1, 1) == '#' then return true end
  local scheme = target:match('^%a[%w+.-]*:')
  return scheme ~= nil and CLICKED[scheme:lower()] == true
end

local function follow(link)
  if leads(link.target) then return nil end
  left_out = left_out + 1
  return link.content
end

local function drop_html(raw)
  if raw.format:match('^html') and not FORMAT:match('^html') then return {} end
end

function Pandoc(document)
  local made = document:walk({ Link = follow, RawInline = drop_html, RawBlock = drop_html })
  if left_out > 0 then
    local file = io.open('links-left-out', 'w')
    file:write(left_out)
    file:close()
  end
  return made
end
