-- Titles, of which every format knows something else. A page's title that is but the name of its file is none. An epub
-- has to have one: that of the document, else that name. In plain text and Markdown, what a word processor's file has as
-- title, author and date would be no words at all: they begin the text.
local FIELDS = { 'subtitle', 'author', 'date', 'abstract' }

local function begin(blocks, value)
  local kind = pandoc.utils.type(value)
  if kind == 'Blocks' then
    blocks:extend(value)
  elseif kind == 'List' then
    for _, one in ipairs(value) do begin(blocks, one) end
  elseif value then
    blocks:insert(pandoc.Para(value))
  end
end

function Pandoc(document)
  local meta = document.meta
  local name = meta.pagetitle
  if meta.title and pandoc.utils.stringify(meta.title) == pandoc.utils.stringify(name or '') then
    meta.title = nil
  end
  if FORMAT:match('^epub') then
    meta.title = meta.title or name
  elseif meta['words-in-front'] then
    local blocks = pandoc.Blocks({})
    if meta.title then blocks:insert(pandoc.Header(1, meta.title)) end
    for _, field in ipairs(FIELDS) do begin(blocks, meta[field]) end
    blocks:extend(document.blocks)
    document.blocks = blocks
  end
  return document
end
