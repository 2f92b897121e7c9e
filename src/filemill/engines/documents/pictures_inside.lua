-- Pictures of a document, for pandoc: into the text itself, as `data:`, where the result is one file of text;
-- out of it, into files, where typst sets it, which reads no `data:`. A file's name says nothing of its format there:
-- what a document says of a picture's format is often wrong, and typst would believe the name.
local is_for_typst = FORMAT == 'typst'
local count = 0

function Image(image)
  local inside, bytes = pandoc.mediabag.lookup(image.src)
  if is_for_typst and not inside and image.src:sub(1, 5) ~= 'data:' then
    return image.caption -- what lies elsewhere is not fetched
  elseif is_for_typst then
    if not inside then inside, bytes = pandoc.mediabag.fetch(image.src) end
    count = count + 1
    image.src = 'inside-' .. count .. '.picture'
    pandoc.mediabag.insert(image.src, inside, bytes)
    return image
  else
    if bytes then
      image.src = pandoc.mediabag.make_data_uri(inside, bytes)
    end
    image.attributes = {}
    return image
  end
end

-- Files of a book lie under names of its own choosing, as deep as it likes: only those named here are written out.
function Pandoc(document)
  if is_for_typst then
    for _, item in ipairs(pandoc.mediabag.list()) do
      if not item.path:match('^inside%-%d+%.picture$') then pandoc.mediabag.delete(item.path) end
    end
    return document
  end
end
