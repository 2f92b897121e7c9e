-- A text as paragraphs, headings and tables alone, for a document whose lists, links and pictures have tables of their
-- own: items have their sign or number in front of them, a link is its words, a picture is left out.
local function marked(blocks, mark)
  local first = blocks[1]
  if first and (first.t == 'Plain' or first.t == 'Para') then
    local words = pandoc.Inlines({ pandoc.Str(mark), pandoc.Space() })
    words:extend(first.content)
    blocks[1] = pandoc.Para(words)
  else
    table.insert(blocks, 1, pandoc.Para({ pandoc.Str(mark) }))
  end
  return blocks
end

local function flat(list, mark)
  local all = pandoc.Blocks({})
  for number, item in ipairs(list.content) do
    all:extend(marked(item, mark(number)))
  end
  return all
end

function BulletList(list)
  return flat(list, function() return '•' end)
end

function OrderedList(list)
  return flat(list, function(number) return tostring(list.start + number - 1) .. '.' end)
end

function Link(link)
  return link.content
end

function Note(note)
  return pandoc.Span(pandoc.Str('(' .. pandoc.utils.stringify(note.content) .. ')'))
end

function Image(image)
  return image.caption
end
