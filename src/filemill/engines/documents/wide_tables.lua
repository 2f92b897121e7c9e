-- Tables that a page is too narrow for, for typst by pandoc: their letters become smaller, then the page lies on its
-- side, then words break; where there are more columns than such a page can show, the page becomes wider. Without that
-- typst prints one cell over the next. Widths are measured in em of the text.
local EM = 11 -- points, as plain.typ has them
local UPRIGHT, ON_ITS_SIDE = 453 / EM, 699 / EM -- between the margins of an A4 page
local WIDEST = 14000 / EM -- a page of a pdf has 14,400 points at most
local MARGINS = 142 -- points, both together
local SIZES = { 1, 0.9, 0.8, 0.7 }
local SMALLEST = 0.6
local INSET, SMALL_INSET = 6 / EM, 2.5 / EM -- on either side of a cell
local ROOM = 0.97 -- letters are measured by their kind: a little is left over
local LEAST_COLUMN, LARGEST_COLUMN = 5, 14 -- em, where words break
local LONGEST_KEPT = 16 -- em, of a word that is kept in one piece while others have little room
local MOST_LINES = 12 -- of a head: it is never parted, and comes again on every page
local FITTED = 'fitted'
local LONGEST_WORD = 45 -- letters; elsewhere than in tables one of more may be wider than its line
local LONGEST_NESTED_WORD = 15 -- of a table with another in it, which nobody measures

local KINDS = { { '[ilj.,:;\'|!]', 0.3 }, { '[mw]', 0.75 }, { '%l', 0.5 }, { '[%d _-]', 0.52 }, { '[MW@%%]', 0.95 }, { '%u', 0.72 } }

local function width_of(text)
  local width = 0
  for _, code in utf8.codes(text) do
    local own = code < 0x1100 and 0.6 or 1
    if code < 0x80 then
      for _, kind in ipairs(KINDS) do
        if string.char(code):match('^' .. kind[1]) then own = kind[2] break end
      end
    end
    width = width + own
  end
  return width
end

local function is_unbroken(text)
  for _, code in utf8.codes(text) do
    -- Scripts whose letters join would fall apart, those of the Far East break anywhere as it is.
    if code >= 0x0590 and code < 0x1E00 or code > 0x2E80 then return false end
  end
  return true
end

local function breakable(text)
  return { pandoc.RawInline('typst', '#breakable['), text, pandoc.RawInline('typst', ']') }
end

local function break_longer_than(most, measure)
  return function(text)
    if measure(text.text) > most and is_unbroken(text.text) then return breakable(text) end
  end
end

-- The width of a cell's longest word, and of its longest line.
local function widths_of(cell)
  local word, line, longest = 0, 0, 0
  local function add(text)
    local width = width_of(text)
    line = line + width
    if is_unbroken(text) then word = math.max(word, width) end
  end
  local function end_line() longest, line = math.max(longest, line), 0 end
  cell.contents:walk({
    traverse = 'topdown',
    Str = function(text) add(text.text) end,
    Code = function(code) for part in code.text:gmatch('%S+') do add(part .. '__') end end,
    Space = function() line = line + 0.3 end,
    SoftBreak = function() line = line + 0.3 end,
    Image = function() line = line + 6 end,
    LineBreak = end_line,
    Para = end_line,
    Plain = end_line,
  })
  end_line()
  return word, longest
end

local function rows_of(tabular)
  local rows = pandoc.List({})
  rows:extend(tabular.head.rows)
  for _, body in ipairs(tabular.bodies) do
    rows:extend(body.head)
    rows:extend(body.body)
  end
  rows:extend(tabular.foot.rows)
  return rows
end

-- Every cell with its first column. Cells that reach down from rows above keep their columns.
local function each_cell(tabular, say)
  local taken = {}
  for _, row in ipairs(rows_of(tabular)) do
    local column = 1
    for _, cell in ipairs(row.cells) do
      while (taken[column] or 0) > 0 do
        taken[column] = taken[column] - 1
        column = column + 1
      end
      say(cell, column)
      for spanned = column, column + cell.col_span - 1 do taken[spanned] = cell.row_span - 1 end
      column = column + cell.col_span
    end
  end
end

local function measured(tabular)
  local words, lines = {}, {}
  for column = 1, #tabular.colspecs do words[column], lines[column] = 1, 1 end
  each_cell(tabular, function(cell, first)
    local word, line = widths_of(cell)
    for column = first, math.min(first + cell.col_span - 1, #words) do
      words[column] = math.max(words[column], math.min(word, LONGEST_KEPT) / cell.col_span)
      lines[column] = math.max(lines[column], line / cell.col_span)
    end
  end)
  return words, lines
end

local function sum(values)
  local total = 0
  for _, value in ipairs(values) do total = total + value end
  return total
end

-- Each column gets its longest word; what is left goes to those with more to say.
local function shared_out(words, lines, room)
  local least, most = sum(words), sum(lines)
  local widths = {}
  for column, word in ipairs(words) do
    local more = most > least and (lines[column] - word) / (most - least) or 1 / #words
    widths[column] = word + more * (room - least)
  end
  return widths
end

-- Narrow columns get their longest word, the others as much as one another.
local function broken(words, room)
  local order, widths = {}, {}
  for column in ipairs(words) do order[column] = column end
  table.sort(order, function(one, other) return words[one] < words[other] end)
  for place, column in ipairs(order) do
    widths[column] = math.min(words[column], room / (#order - place + 1))
    room = room - widths[column]
  end
  return widths
end

local function room_of(page, size, columns)
  local inset = size == 1 and INSET or SMALL_INSET
  return ROOM * page / size - 2 * columns * inset / size
end

local function wide_page(words, size)
  local wanted = 0
  for _, word in ipairs(words) do wanted = wanted + math.min(word, LARGEST_COLUMN) end
  local page = (wanted + 2 * #words * SMALL_INSET / size) * size / ROOM
  return math.max(ON_ITS_SIDE, math.min(page, WIDEST))
end

local function fit(words, lines, may_turn)
  for _, page in ipairs(may_turn and { UPRIGHT, ON_ITS_SIDE } or { UPRIGHT }) do
    for _, size in ipairs(SIZES) do
      local room = room_of(page, size, #words)
      if sum(words) <= room then return page, size, shared_out(words, lines, room) end
    end
  end
  local page, size = may_turn and ON_ITS_SIDE or UPRIGHT, SMALLEST
  if may_turn and room_of(page, size, #words) < LEAST_COLUMN * #words then
    page = wide_page(words, size)
  end
  while room_of(page, size, #words) < 2 * #words and size > 0.1 do size = size - 0.1 end
  return page, size, broken(words, math.max(room_of(page, size, #words), #words * 0.5))
end

local function break_words(tabular, widths)
  each_cell(tabular, function(cell, first)
    local width = sum({ table.unpack(widths, first, first + cell.col_span - 1) })
    local breaking = break_longer_than(width * 1.02, width_of)
    cell.contents = cell.contents:walk({ Str = breaking, Code = breaking })
  end)
end

local function part_tall_head(tabular, widths)
  local is_tall = false
  for _, row in ipairs(tabular.head.rows) do
    for column, cell in ipairs(row.cells) do
      local _, line = widths_of(cell)
      is_tall = is_tall or line / (widths[column] or 1) > MOST_LINES
    end
  end
  if is_tall and tabular.bodies[1] then
    local rows = pandoc.List(tabular.head.rows)
    rows:extend(tabular.bodies[1].body)
    tabular.bodies[1].body = rows
    tabular.head = pandoc.TableHead({})
  end
end

local function wrapped(tabular, page, size)
  local open = '#['
  if page == ON_ITS_SIDE then open = '#page(flipped: true)[' end
  if page > ON_ITS_SIDE then open = string.format('#page(width: %.0fpt, height: 210mm)[', page * EM + MARGINS) end
  if size < 1 then
    local sizes = '#set text(size: %.2fpt); #set table(inset: %.2fpt)'
    open = open .. string.format(sizes, size * EM, SMALL_INSET * EM * math.min(1, size / SMALLEST))
  end
  tabular.classes:insert(FITTED)
  return { pandoc.RawBlock('typst', open), tabular, pandoc.RawBlock('typst', ']') }
end

local function fitted(tabular, may_turn)
  local words, lines = measured(tabular)
  if sum(lines) <= room_of(UPRIGHT, 1, #lines) and tabular.colspecs[1][2] == nil then return nil end
  local page, size, widths = fit(words, lines, may_turn)
  local total = sum(widths)
  for column, spec in ipairs(tabular.colspecs) do
    tabular.colspecs[column] = { spec[1], widths[column] / total }
  end
  break_words(tabular, widths)
  part_tall_head(tabular, widths)
  return wrapped(tabular, page, size)
end

local function is_nested(tabular)
  local found = false
  each_cell(tabular, function(cell) cell.contents:walk({ Table = function() found = true end }) end)
  return found
end

-- A page turns only for a table that lies in nothing else.
local function fit_table(tabular, may_turn)
  if #tabular.colspecs == 0 or tabular.classes:includes(FITTED) then return nil end
  if not is_nested(tabular) then return fitted(tabular, may_turn) end
  local breaking = break_longer_than(LONGEST_NESTED_WORD, utf8.len)
  each_cell(tabular, function(cell)
    cell.contents = cell.contents:walk({
      traverse = 'topdown',
      Table = function() return nil, false end,
      Str = breaking,
      Code = breaking,
    })
  end)
  tabular.classes:insert(FITTED)
  return { tabular }
end

local function long_lines(block)
  if block.text:match(string.rep('%S', LONGEST_WORD)) then
    return { pandoc.RawBlock('typst', '#breakable-words['), block, pandoc.RawBlock('typst', ']') }
  end
end

function Pandoc(document)
  local long = break_longer_than(LONGEST_WORD, utf8.len)
  document = document:walk({
    traverse = 'topdown',
    Table = function() return nil, false end,
    Str = long,
    Code = long,
    CodeBlock = long_lines,
  })
  local blocks = pandoc.Blocks({})
  for _, block in ipairs(document.blocks) do
    local made = block.tag == 'Table' and fit_table(block, true)
    local turns = made and made[1].tag == 'RawBlock' and made[1].text:match('^#page')
    local heading = turns and blocks[#blocks]
    if heading and heading.tag == 'Header' then -- it goes where its table goes
      blocks:remove()
      table.insert(made, 2, heading)
    end
    if made then blocks:extend(made) else blocks:insert(block) end
  end
  document.blocks = blocks
  return document:walk({ Table = function(tabular) return fit_table(tabular, false) end })
end
