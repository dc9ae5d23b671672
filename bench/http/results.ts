import type { Column } from './statistics.ts'
import type { Measurement } from './measure.ts'

/** Contender to cell to one measurement a round. */
export type Results = Map<string, Map<string, Measurement[]>>

/** One value a round; none where it was not measured. */
export function columnOf(
  results: Results,
  contender: string,
  cell: string,
  pick: (one: Measurement) => number,
): Column {
  return (results.get(contender)?.get(cell) ?? []).map(pick)
}

/** A framework alone keeps no data, so its small and its large pages are the same. */
export function floorCell(cell: string): string {
  return cell.replace('large', 'small')
}

/** Store commands per request, all kinds; undefined where nobody counted. */
export function commandsOf(results: Results, contender: string, cell: string): number | undefined {
  const work = results
    .get(contender)
    ?.get(cell)
    ?.find((one) => one.work)?.work
  return work && Object.values(work.commands).reduce((sum, count) => sum + count, 0)
}
