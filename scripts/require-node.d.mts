export const OLDEST: readonly [number, number]
export function nodeProblem(
  version: string,
  found: { readonly modules: boolean; readonly pinned: boolean; readonly path: string },
): string | null
