-- A session in Neovim: a finding is shown, an output completed, an input renamed. What came of it goes to a file as JSON.
local root, python, answer = os.getenv('ROOT'), os.getenv('PYTHON'), os.getenv('ANSWER')
local seen = {}

local function wait(what, ready)
  if not vim.wait(30000, ready, 50) then error('waited in vain for ' .. what) end
end

local function lines() return vim.api.nvim_buf_get_lines(0, 0, -1, false) end

local function find(words)
  for number, line in ipairs(lines()) do
    local column = line:find(words, 1, true)
    if column then return number, column end
  end
  error('there is no ' .. words)
end

local function replace(old, new)
  local number = find(old)
  local line = lines()[number]
  local from, to = line:find(old, 1, true)
  vim.api.nvim_buf_set_lines(0, number - 1, number, false, { line:sub(1, from - 1) .. new .. line:sub(to + 1) })
end

local function request(method, words, shift, more)
  local number, column = find(words)
  vim.api.nvim_win_set_cursor(0, { number, column - 1 + shift })
  local params = vim.tbl_extend('force', vim.lsp.util.make_position_params(0, 'utf-16'), more or {})
  for _, one in pairs(vim.lsp.buf_request_sync(0, method, params, 30000) or {}) do return one.result end
end

local function session()
  vim.cmd('edit ' .. root .. '/chains.yaml')
  vim.lsp.start_client({
    cmd = { python, '-m', 'cyberflow', 'lsp' },
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = 'intake' } },
    on_init = function(client) vim.lsp.buf_attach_client(0, client.id) end,
  })
  wait('the server', function() return #vim.lsp.buf_get_clients(0) > 0 end)

  replace('lookup.outputs.mrn', 'lookup.outputs.mrm')
  wait('a finding', function() return #vim.diagnostic.get(0) > 0 end)
  local shown = vim.diagnostic.get(0)[1]
  seen.finding = { message = shown.message, code = shown.code, line = shown.lnum, column = shown.col }

  replace('lookup.outputs.mrm', 'lookup.outputs.')
  local items = request('textDocument/completion', 'lookup.outputs.', 15).items
  seen.completion = vim.tbl_map(function(one) return one.label end, items)
  vim.lsp.util.apply_text_edits({ items[1].textEdit }, 0, 'utf-16')
  wait('no finding', function() return #vim.diagnostic.get(0) == 0 end)

  local edit = request('textDocument/rename', 'reason: New', 1, { newName = 'why' })
  vim.lsp.util.apply_workspace_edit(edit, 'utf-16')
  vim.cmd('silent wall')
  seen.buffers = #vim.fn.getbufinfo({ bufloaded = 1 })
end

local worked, trouble = pcall(session)
if not worked then seen.trouble = tostring(trouble) end
local file = io.open(answer, 'w')
file:write(vim.fn.json_encode(seen))
file:close()
vim.cmd('qall!')
