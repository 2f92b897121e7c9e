-- Pictures of a document, for pandoc: into the text itself, as `data:`, where the result is one file of text;
-- out of it, into files, where typst sets it, which reads no `data:`.
local is_for_typst = FORMAT == 'typst'
local count = 0

function Image(image)
  if is_for_typst and pandoc.mediabag.lookup(image.src) then
    return image
  elseif is_for_typst and image.src:sub(1, 5) ~= 'data:' then
    return image.caption -- what lies elsewhere is not fetched
  elseif is_for_typst then
    local kind, bytes = pandoc.mediabag.fetch(image.src)
    count = count + 1
    image.src = 'inside-' .. count .. '.' .. (kind:match('^image/(%a+)') or 'png')
    pandoc.mediabag.insert(image.src, kind, bytes)
    return image
  else
    local kind, bytes = pandoc.mediabag.lookup(image.src)
    if bytes then
      image.src = pandoc.mediabag.make_data_uri(kind, bytes)
    end
    image.attributes = {}
    return image
  end
end
