/**
 * Which code has run, by V8's own counters: block by block, without instrumented copies of the sources. It costs a few
 * per cent of speed and a millisecond for each look, so one looks after a batch of inputs.
 */
import { readFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'
import { stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Functions and lines with code in them, and how many have run. */
export interface Covered {
  readonly functions: number
  readonly functionsRun: number
  readonly lines: number
  readonly linesRun: number
}

/** The counters at work. */
export interface Coverage {
  /** Characters of the watched files that had never run before the last look, and have now. Counts them as seen if told. */
  look(keep: boolean): number
  /** Count only these from now on: files below the root, or all under a name that ends with a slash. */
  watch(files: readonly string[]): void
  /** What has run so far in the watched files. */
  covered(): Covered
  stop(): void
}

/** One file: which of its characters have run, and which functions, by where they begin. */
interface Script {
  readonly run: Uint8Array
  readonly functions: Map<string, boolean>
}

const ROOT = new URL('../../', import.meta.url).href

/** Begin to count. Only code that is loaded after this is counted by block, so call it first and import then. */
export function countCode(files: readonly string[]): Coverage {
  let watching = files
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  const scripts = new Map<string, Script>()

  function watched(url: string): boolean {
    const path = url.startsWith(ROOT) ? url.slice(ROOT.length) : ''
    return path !== '' && watching.some((each) => (each.endsWith('/') ? path.startsWith(each) : path === each))
  }

  function take(): readonly Profiler.ScriptCoverage[] {
    let result: readonly Profiler.ScriptCoverage[] = []
    // Answered before `post` returns.
    session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error
      result = answer.result
    })
    return result.filter(({ url }) => watched(url))
  }

  function scriptOf(url: string): Script {
    const known = scripts.get(url)
    if (known) return known
    const script = { run: new Uint8Array(readFileSync(fileURLToPath(url), 'utf8').length + 1), functions: new Map() }
    scripts.set(url, script)
    return script
  }

  return {
    watch(wanted) {
      // Which functions there are is told once, after loading.
      this.look(true)
      watching = wanted
      for (const url of scripts.keys()) if (!watched(url)) scripts.delete(url)
      for (const { run } of scripts.values()) run.fill(0)
    },

    look(keep) {
      let fresh = 0
      for (const { url, functions } of take()) {
        const script = scriptOf(url)
        const inside = functions.filter(
          ({ functionName, ranges }) => functionName !== '' || ranges[0]?.startOffset !== 0,
        )
        if (keep) for (const { ranges } of inside) noteFunction(script.functions, ranges)
        fresh += mark(script.run, inside, keep)
      }
      return fresh
    },

    covered() {
      const total = { functions: 0, functionsRun: 0, lines: 0, linesRun: 0 }
      for (const [url, { run, functions }] of scripts) {
        total.functions += functions.size
        total.functionsRun += [...functions.values()].filter(Boolean).length
        for (const [from, to] of codeLines(url, functions)) {
          total.lines += 1
          if (run.subarray(from, to).includes(1)) total.linesRun += 1
        }
      }
      return total
    },

    stop: () => session.disconnect(),
  }
}

function noteFunction(functions: Map<string, boolean>, [whole]: readonly Profiler.CoverageRange[]): void {
  if (!whole) return
  const name = `${whole.startOffset}`
  functions.set(name, (functions.get(name) ?? false) || whole.count > 0)
}

/**
 * Ranges come from the outside in, and an inner one takes precedence: a function that has not run may be in one that
 * has. Counts characters that are new; marks them if told.
 */
function mark(run: Uint8Array, functions: readonly Profiler.FunctionCoverage[], keep: boolean): number {
  const now = new Uint8Array(run.length)
  for (const { ranges } of functions)
    for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  let fresh = 0
  for (let at = 0; at < now.length; at += 1) {
    if (now[at] === 0 || run[at] === 1) continue
    fresh += 1
    if (keep) run[at] = 1
  }
  return fresh
}

/** From where to where each line with code of a function in it goes. Types are blanks when they are stripped. */
function codeLines(url: string, functions: ReadonlyMap<string, boolean>): readonly (readonly [number, number])[] {
  const code = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
  const first = Math.min(...[...functions.keys()].map(Number))
  const lines: [number, number][] = []
  let from = 0
  for (const line of code.split('\n')) {
    const text = line.trim()
    const start = from + (line.length - line.trimStart().length)
    if (
      from >= first &&
      /\w/.test(text) &&
      !/^(\/\/|\/?\*|import |export (const|type|interface)|const [A-Z_]+\b)/.test(text)
    )
      lines.push([start, from + line.length])
    from += line.length + 1
  }
  return lines
}
