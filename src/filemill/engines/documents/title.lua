-- An epub has to have a title: that of the document, else the name of its file.
function Meta(meta)
  meta.title = meta.title or meta.pagetitle
  return meta
end
