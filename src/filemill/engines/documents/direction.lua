-- Which way each block of a text runs, for pandoc: its own first letter tells, as `dir="auto"` of HTML has it. What a
-- source says itself holds; blocks of code run from left to right. Typst has no attribute for the direction: a rule
-- inside brackets sets it there.
local SET = { rtl = '#[#set text(dir: rtl)', ltr = '#[#set text(dir: ltr)' }

local RIGHT_TO_LEFT = { -- Hebrew to Arabic, their forms for presentation, and the old scripts beside them
  { 0x05BE, 0x065F }, { 0x066D, 0x06EF }, { 0x06FA, 0x08FF }, { 0xFB1D, 0xFDFF }, { 0xFE70, 0xFEFC },
  { 0x10800, 0x10FFF }, { 0x1E800, 0x1EFFF },
}
local NO_LETTERS = { -- signs, digits and marks of every direction; beyond them everything is a letter
  { 0x00, 0x40 }, { 0x5B, 0x60 }, { 0x7B, 0xA9 }, { 0xAB, 0xB4 }, { 0xB6, 0xB9 }, { 0xBB, 0xBF }, { 0xD7, 0xD7 },
  { 0xF7, 0xF7 }, { 0x02B9, 0x036F }, { 0x0591, 0x05BD }, { 0x0660, 0x066C }, { 0x06F0, 0x06F9 },
  { 0x2000, 0x2BFF }, { 0x3000, 0x3004 }, { 0xFE00, 0xFE6F }, { 0x1F000, 0x1FBFF }, { 0xE0000, 0xE01EF },
}

local function is_in(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

local function direction_of(text)
  for _, code in utf8.codes(text) do
    if not is_in(NO_LETTERS, code) then
      return is_in(RIGHT_TO_LEFT, code) and 'rtl' or 'ltr'
    end
  end
end

local IS_HTML = FORMAT:match('^html') or FORMAT:match('^epub')

local function directed(block, direction)
  if FORMAT == 'typst' then
    return { pandoc.RawBlock('typst', SET[direction]), block, pandoc.RawBlock('typst', ']') }
  elseif IS_HTML and (block.tag == 'Header' or block.tag == 'Table') then
    block.attributes.dir = direction
    return { block }
  end
  return { pandoc.Div({ block }, pandoc.Attr('', {}, { dir = direction })) }
end

local direct -- below, as the two call one another

local function direct_all(blocks, around)
  local found = pandoc.Blocks({})
  for _, block in ipairs(blocks) do
    found:extend(direct(block, around))
  end
  return found
end

local function own_of(block)
  local own = block.attributes and block.attributes.dir
  return SET[own] and own or nil
end

local function is_code(block)
  return block.tag == 'CodeBlock' or block.tag == 'RawBlock' or block.tag == 'HorizontalRule'
end

local function direction_within(block)
  return own_of(block) or not is_code(block) and direction_of(pandoc.utils.stringify(block)) or nil
end

local function direct_container(block, around)
  local own = own_of(block)
  block.content = direct_all(block.content, own or around)
  if not own or own == around then
    block.attributes.dir = nil
    return { block }
  end
  return FORMAT == 'typst' and directed(block, own) or { block }
end

function direct(block, around)
  if block.tag == 'Div' then return direct_container(block, around) end
  local direction = direction_within(block) or around
  if own_of(block) then block.attributes.dir = nil end
  return direction == around and { block } or directed(block, direction)
end

local function runs_left(blocks)
  for _, block in ipairs(blocks) do
    local is_left = block.tag == 'Div' and not own_of(block) and runs_left(block.content)
    if is_left or block.tag ~= 'Div' and direction_within(block) == 'rtl' or own_of(block) == 'rtl' then return true end
  end
  return false
end

function Pandoc(document)
  local around = 'ltr'
  -- In an epub the direction of a heading is that of its whole chapter: every block says its own.
  if FORMAT:match('^epub') and runs_left(document.blocks) then around = '' end
  document.blocks = direct_all(document.blocks, around)
  return document
end
