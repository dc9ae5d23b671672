/** The charts of the docs: plain SVG, readable on a light and on a dark page. */
import type { Contender } from './http/contenders.ts'
import { columnOf, floorCell } from './http/results.ts'
import type { Results } from './http/results.ts'
import { estimateOf, median } from './http/statistics.ts'
import type { Estimate } from './http/statistics.ts'

/** Whose bar it is: that decides its colour. */
type Kind = 'ours' | 'hand' | 'peer'

interface Bar {
  readonly label: string
  readonly kind: Kind
  readonly value: Estimate
}

/** Bars under a heading of their own, drawn to one scale. */
interface Panel {
  readonly heading: string
  readonly bars: readonly Bar[]
}

const KINDS: Readonly<Record<Kind, string>> = { ours: 'Coatcheck', hand: 'by hand, no promise kept', peer: 'others' }

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .heading { font-weight: 600; }
  .quiet { fill: #57606a; }
  .axis { stroke: #d0d7de; }
  .whisker { stroke: #24292f; stroke-width: 1.5; }
  .ours { fill: #2563eb; } .hand { fill: #8c959f; } .peer { fill: #d97706; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; } .axis { stroke: #3d444d; } .whisker { stroke: #e6edf3; }
    .ours { fill: #60a5fa; } .hand { fill: #656c76; } .peer { fill: #f0b429; }
  }`

const [WIDTH, LABELS, VALUES, ROW] = [760, 270, 70, 19]

/** A drawing, and what it shows in words. */
export interface Chart {
  readonly title: string
  readonly svg: string
}

/** By file name, without its extension: what a session adds to a request, by framework and by store. */
export function charts(contenders: readonly Contender[], results: Results): Map<string, Chart> {
  const added = (cell: string, wanted: (contender: Contender) => boolean): Bar[] =>
    contenders.flatMap((contender) => {
      const { name, floor, title } = contender
      const own = columnOf(results, name, cell, ({ cpu }) => cpu)
      const bottom = columnOf(results, floor, floorCell(cell), ({ cpu }) => cpu)
      if (name === floor || own.length === 0 || bottom.length === 0 || !wanted(contender)) return []
      const value = estimateOf([own, bottom], ([above = [], below = []]) =>
        median(above.map((one, round) => one - (below[round] ?? Number.NaN))),
      )
      return [{ label: title, kind: kindOf(contender), value }]
    })
  const panels = (wanted: (contender: Contender) => boolean): Panel[] =>
    [
      { heading: '/read: one value', cell: 'read small' },
      { heading: '/write: a counter goes up', cell: 'write small' },
    ].map(({ heading, cell }) => ({ heading, bars: added(cell, wanted) }))
  const chart = (title: string, wanted: (contender: Contender) => boolean): Chart => ({
    title,
    svg: barChart(title, panels(wanted)),
  })
  return new Map([
    [
      'redis',
      chart(
        'What a session in Redis adds to a request: server CPU, µs above the framework alone',
        ({ store }) => store === 'redis',
      ),
    ],
    [
      'stores',
      chart(
        'What a session elsewhere adds to a request: server CPU, µs above the framework alone',
        ({ store }) => store !== 'redis',
      ),
    ],
  ])
}

function kindOf({ name, limit }: Contender): Kind {
  if (name.startsWith('coatcheck-')) return 'ours'
  return name === limit ? 'hand' : 'peer'
}

/** Horizontal bars with the whiskers of their intervals. A bar that would make all others small is cut off. */
export function barChart(title: string, panels: readonly Panel[]): string {
  const values = panels.flatMap(({ bars }) => bars.map(({ value }) => value.median))
  const end = axisEnd(values)
  const scale = (value: number): number => (Math.max(0, Math.min(value, end)) / end) * (WIDTH - LABELS - VALUES)
  let y = 24
  const body = [`<text class="title" x="0" y="${y - 8}">${escape(title)}</text>`, legend((y += 14))]
  for (const { heading, bars } of panels) {
    y += 28
    body.push(`<text class="heading" x="0" y="${y}">${escape(heading)}</text>`)
    const top = y + 6
    for (const bar of bars) {
      y += ROW
      body.push(drawn(bar, y, scale, bar.value.median > end))
    }
    body.push(`<line class="axis" x1="${LABELS}" x2="${LABELS}" y1="${top}" y2="${y + 5}"/>`)
  }
  const height = y + 14
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}\n</style>`,
    ...body,
    '</svg>',
    '',
  ].join('\n')
}

function legend(y: number): string {
  return Object.entries(KINDS)
    .map(([kind, words], n) => {
      const x = n * 190
      return `<rect class="${kind}" x="${x}" y="${y - 9}" width="10" height="10"/><text class="quiet" x="${x + 16}" y="${y}">${words}</text>`
    })
    .join('')
}

function drawn({ label, kind, value }: Bar, y: number, scale: (value: number) => number, cut: boolean): string {
  const width = scale(value.median)
  const [low, high] = [LABELS + scale(value.low), LABELS + scale(value.high)]
  const words = `${value.median.toFixed(0)}${cut ? ' …' : ''}`
  return [
    `<text x="${LABELS - 8}" y="${y}" text-anchor="end">${escape(label)}</text>`,
    `<rect class="${kind}" x="${LABELS}" y="${y - 10}" width="${width.toFixed(1)}" height="13"/>`,
    cut ? '' : `<line class="whisker" x1="${low.toFixed(1)}" x2="${high.toFixed(1)}" y1="${y - 3.5}" y2="${y - 3.5}"/>`,
    `<text class="quiet" x="${(Math.max(LABELS + width, high) + 6).toFixed(1)}" y="${y}">${words}</text>`,
  ].join('')
}

/** The largest value, unless it is more than three times the next: then what lies beyond is cut off. */
function axisEnd(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => b - a)
  const end = sorted.find((value, n) => value <= 3 * (sorted[n + 1] ?? value))
  return Math.max(1, (end ?? 1) * 1.05)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
