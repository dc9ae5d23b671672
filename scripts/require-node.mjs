// Plain JavaScript without dependencies, because it must still run on the old Node it complains about.
//
// npm scripts run on the Node 24 of our devDependencies: npm puts node_modules/.bin first on the PATH. That binary
// is fetched by an install script, though, and where install scripts are switched off npm falls back to the
// machine's own Node without a word. An old one then fails on the first `.ts` file with a message that names
// neither the cause nor the mend; this check, the first command of every npm script, names both.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The first version that runs TypeScript without a flag; the same number as `engines.node` in package.json. */
export const OLDEST = [22, 18]

/**
 * Why this Node cannot run the project's scripts and how to mend it, or null when it can.
 *
 * @param {string} version as in `process.version`, for example 'v20.20.2'
 * @param {{ modules: boolean, pinned: boolean, path: string }} found whether node_modules is there, whether the
 *   pinned Node is in it, and which binary is running
 * @returns {string | null}
 */
export function nodeProblem(version, found) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return null
  const running = `This is Node ${version} (${found.path}); the scripts of this project need ${OLDEST.join('.')} or newer.`
  return `${running}\n${cause(found)}`
}

/** @param {{ modules: boolean, pinned: boolean }} found */
function cause({ modules, pinned }) {
  const orNewer = `Or put a Node ${OLDEST.join('.')} or newer first on the PATH.`
  if (!modules)
    return `Nothing is installed here yet: run \`npm ci\`, which also fetches Node 24 into node_modules.\n${orNewer}`
  if (pinned)
    return `Node 24 is installed in node_modules, but another one was started: use \`npm start\` and \`npm test\`, which find it.`
  return (
    `Node 24 is a devDependency, but its install script did not run (ignore-scripts, or a script npm was not ` +
    `allowed to run), so npm fell back to the Node of this machine.\n` +
    `Mend it with \`npm rebuild node --ignore-scripts=false\`.\n${orNewer}`
  )
}

/** @param {string} root the folder of package.json */
function look(root) {
  const modules = join(root, 'node_modules')
  const pinned = ['node', 'node.exe'].some((name) => existsSync(join(modules, 'node', 'bin', name)))
  return { modules: existsSync(join(modules, '.package-lock.json')), pinned, path: process.execPath }
}

const script = process.argv[1]
if (script && import.meta.url === pathToFileURL(script).href) {
  const problem = nodeProblem(process.version, look(dirname(dirname(fileURLToPath(import.meta.url)))))
  if (problem !== null) {
    console.error(problem)
    process.exit(1)
  }
}
