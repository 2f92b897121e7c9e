-- Titles, of which every format knows something else. A page's title that is but the name of its file is none. An epub
-- has to have one: that of the document, else that name. In plain text and Markdown, what a word processor's file has as
-- title, author and date would be no words at all: they begin the text. A page that begins with its own title block says
-- the same twice where a format has places for them.
local FIELDS = { 'subtitle', 'author', 'date', 'abstract' }
local BLOCK = 'title-block-header'

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

-- Front matter may tell more of an author than the name.
local function named(author)
  local kind = pandoc.utils.type(author)
  if kind == 'List' then return author:map(named) end
  if kind == 'table' then return author.name or pandoc.Inlines(pandoc.utils.stringify(author)) end
  return author
end

local function quoted(value)
  local text = pandoc.utils.stringify(value):gsub('[\\"]', '\\%0'):gsub('%c', ' ')
  return pandoc.Inlines({ pandoc.RawInline('typst', '"' .. text .. '"') })
end

local function complete(meta)
  meta.author = named(meta.author)
  meta.date = meta.date or meta['dcterms.date']
  if FORMAT == 'typst' then
    local authors = pandoc.utils.type(meta.author) == 'List' and meta.author or pandoc.List({ meta.author })
    meta.writers = authors:map(quoted)
    meta.lang = meta.lang and pandoc.utils.stringify(meta.lang):lower():match('^%l%l%l?%f[%A]')
  elseif FORMAT:match('^html') and meta.title then
    meta.pagetitle = meta.title
  end
end

local function without_block(blocks)
  if blocks[1] and blocks[1].identifier == BLOCK then blocks:remove(1) end
end

function Pandoc(document)
  local meta = document.meta
  local name = meta.pagetitle
  if meta.title and pandoc.utils.stringify(meta.title) == pandoc.utils.stringify(name or '') then
    meta.title = nil
  end
  complete(meta)
  if FORMAT:match('^epub') then
    meta.title = meta.title or name
  elseif meta['words-in-front'] then
    local blocks = pandoc.Blocks({})
    if meta.title then blocks:insert(pandoc.Header(1, meta.title)) end
    for _, field in ipairs(FIELDS) do begin(blocks, meta[field]) end
    blocks:extend(document.blocks)
    document.blocks = blocks
  end
  if meta['is-titled'] then without_block(document.blocks) end
  if meta.title and FORMAT ~= 'gfm' and FORMAT ~= 'plain' then without_block(document.blocks) end
  return document
end
