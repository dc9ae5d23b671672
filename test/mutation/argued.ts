/**
 * Mutants that no test can or should kill, and why. A survivor counts as argued when its file, the text it replaces
 * and its replacement are here.
 */
export interface Argued {
  readonly file: string
  /** The whole text that is replaced; where that is long, how it begins. */
  readonly was: string
  /** The whole text in its place, or how it begins. */
  readonly becomes: string
  readonly why: string
}

export const argued: readonly Argued[] = []
