// Starts `cyberflow lsp` and hands it the files of a project. All that it knows it asks the server.
const fs = require('fs')
const path = require('path')
const vscode = require('vscode')
const { LanguageClient } = require('vscode-languageclient/node')

const LANGUAGES = ['yaml', 'json', 'markdown', 'html', 'plaintext', 'python']
let client

function command() {
  const configured = vscode.workspace.getConfiguration('cyberflow').get('command')
  if (configured.length) return configured
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? ''
  const below = process.platform === 'win32' ? ['Scripts', 'cyberflow.exe'] : ['bin', 'cyberflow']
  const own = path.join(folder, '.venv', ...below)
  return [fs.existsSync(own) ? own : 'cyberflow']
}

async function start() {
  const [program, ...words] = command()
  const keys = vscode.workspace.getConfiguration('cyberflow').get('completeKeys')
  const server = { command: program, args: [...words, 'lsp'] }
  const options = {
    documentSelector: LANGUAGES.map((language) => ({ scheme: 'file', language })),
    initializationOptions: { keys },
  }
  client = new LanguageClient('cyberflow', 'cyberflow', server, options)
  try {
    await client.start()
  } catch (error) {
    const help = `cyberflow did not start (${error.message}). Is it installed? pip install 'cyberflow[lsp]'`
    vscode.window.showErrorMessage(help)
  }
}

async function stop() {
  const old = client
  client = undefined
  if (old?.needsStop()) await old.stop()
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand('cyberflow.restart', async () => {
      await stop()
      await start()
    }),
  )
  await start()
}

module.exports = { activate, deactivate: stop }
