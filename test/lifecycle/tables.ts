/** The observations as tables: rows that say the same are one row, stores that agree in every cell share their tables. */
import type { Observation, Story } from './observe.ts'
import type { Setting } from './visitors.ts'

/** Where the tables stand. */
export const LIFECYCLE = { page: 'docs/lifecycle.md', part: 'tables' } as const

/** Everything between the markers of docs/lifecycle.md. */
export function tablesOf(observations: readonly Observation[]): string {
  const told = grouped(observations, ({ stories }) => stories.map((story) => ({ ...story, gone: '', how: '' })))
  const parts = told.map((group) => groupTables(group))
  return [...parts, '### When the bytes are gone', goneTable(observations)].join('\n\n')
}

function groupTables(group: readonly Observation[]): string {
  const parts = [`### ${listed(group.map(({ store }) => store))}`]
  const settings = bySetting(group[0]?.stories ?? [])
  for (const same of grouped(settings, (rows) => rows.map(({ visitor, cells }) => ({ visitor, cells })))) {
    parts.push(`${settingNames(same.flatMap((rows) => rows[0]?.setting ?? []))}:`, visitorTable(same[0] ?? []))
  }
  return parts.join('\n\n')
}

interface Row {
  readonly setting: Setting
  readonly visitor: string
  readonly cells: readonly string[]
}

/** One list of rows for each setting. */
function bySetting(stories: readonly Story[]): Row[][] {
  const rows = stories.map(({ setting, visitor, cookie, deadline, next }): Row => ({
    setting,
    visitor,
    cells: [cookie, deadline, next],
  }))
  return [...Map.groupBy(rows, ({ setting }) => settingNames([setting])).values()]
}

function settingNames(settings: readonly Setting[]): string {
  const names = [...Map.groupBy(settings, ({ permanent }) => permanent)].map(([permanent, those]) => {
    const lifetimes = those.map(({ lifetime, ms }) =>
      lifetime === undefined ? `${ms / 86_400_000} d (the default)` : `${ms / 1000} s`,
    )
    return `\`permanent: ${permanent}\` and a lifetime of ${lifetimes.join(' or ')}`
  })
  return names.join('; ')
}

function visitorTable(rows: readonly Row[]): string {
  const same = grouped(rows, ({ cells }) => cells)
  return table(
    ['the visitor', 'the cookie', 'the deadline', 'the session next time'],
    same.map((group) => [group.map(({ visitor }) => visitor).join('; '), ...(group[0]?.cells ?? [])]),
  )
}

function goneTable(observations: readonly Observation[]): string {
  const fates = observations.map(({ store, stories }) => {
    const ways = [...Map.groupBy(stories, ({ gone }) => gone)].toSorted(([, a], [, b]) => a.length - b.length)
    const rows = ways.map(([gone, those], at) => [
      whoOf(those, stories, at === ways.length - 1),
      gone,
      [...new Set(those.flatMap(({ how }) => how.split('; ')))].toSorted().join('; '),
    ])
    return { store, rows }
  })
  const groups = grouped(fates, ({ rows }) => rows)
  return table(
    ['store', 'the visitor', 'the record is gone', 'how this is known'],
    groups.flatMap((group) => (group[0]?.rows ?? []).map((row) => [listed(group.map(({ store }) => store)), ...row])),
  )
}

function whoOf(those: readonly Story[], all: readonly Story[], last: boolean): string {
  if (those.length === all.length) return 'everybody'
  return last ? 'everybody else' : visitorNames(those, all)
}

/** With the settings of those who do so only under some. */
function visitorNames(those: readonly Story[], all: readonly Story[]): string {
  const names = [...Map.groupBy(those, ({ visitor }) => visitor)].map(([name, mine]) => {
    const always = mine.length === all.filter(({ visitor }) => visitor === name).length
    return always ? name : `${name} (${settingNames(mine.map(({ setting }) => setting))})`
  })
  return names.join('; ')
}

/** Those that are equal in what `of` gives, together; in the order of the first of each. */
function grouped<Item>(items: readonly Item[], of: (item: Item) => unknown): Item[][] {
  return [...Map.groupBy(items, (item) => JSON.stringify(of(item))).values()]
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')}, and ${last}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n')
}
