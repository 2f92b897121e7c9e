-- Links inside a text, for typst by pandoc: typst refuses a text with a link that has no target, or several. Such a link
-- becomes plain text; every other target becomes a mark of its own, whatever element it belonged to.
local count = {}

local function note(element)
  local id = element.identifier
  if id and id ~= '' then count[id] = (count[id] or 0) + 1 end
end

local function decoded(target)
  return (target:gsub('%%(%x%x)', function(digits) return string.char(tonumber(digits, 16)) end))
end

local function target_of(link)
  if link.target:sub(1, 1) ~= '#' then return nil end
  local id = link.target:sub(2)
  return count[id] and id or decoded(id)
end

local function quoted(id)
  return '"' .. id:gsub('[\\"]', '\\%0') .. '"'
end

local wanted = {}

local function resolve(link)
  if link.target == '' then return link.content end
  local id = target_of(link)
  if not id then return nil end
  if count[id] ~= 1 then return link.content end
  wanted[id] = true
  local opened = pandoc.RawInline('typst', '#link(label(' .. quoted(id) .. '))[')
  return { opened, pandoc.Span(link.content), pandoc.RawInline('typst', ']') }
end

local function mark(element)
  local id = element.identifier
  element.identifier = ''
  return wanted[id] and '#metadata(none)#label(' .. quoted(id) .. ')' or nil
end

local function marked_inline(element)
  local code = mark(element)
  return code and { pandoc.RawInline('typst', code), element } or element
end

local function marked_block(element)
  local code = mark(element)
  return code and { pandoc.RawBlock('typst', code), element } or element
end

-- A block of typst keeps the page from turning for a table in it, and sets nothing that the text shows.
local function unwrapped(div)
  local code = mark(div)
  if code then div.content:insert(1, pandoc.RawBlock('typst', code)) end
  return div.content
end

local function marked_header(header)
  local code = mark(header)
  if code then header.content:insert(1, pandoc.RawInline('typst', code)) end
  return header
end

local NOTE = {
  Header = note, Div = note, Table = note, Figure = note, CodeBlock = note,
  Span = note, Code = note, Link = note, Image = note,
}
local MARK = {
  Header = marked_header, Div = unwrapped, Table = marked_block, Figure = marked_block, CodeBlock = marked_block,
  Span = marked_inline, Code = marked_inline, Link = marked_inline, Image = marked_inline,
}

function Pandoc(document)
  document:walk(NOTE)
  return document:walk({ Link = resolve }):walk(MARK)
end
