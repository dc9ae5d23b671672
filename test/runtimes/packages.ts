import { join } from 'node:path'

/** The folder whose packages are the runtimes. Its `npm ci` fetches about 750 MB, so only who needs them asks for it. */
export const packages: string = join(import.meta.dirname, 'packages')
