import { SetupError } from './config.ts'

/**
 * Read `.env` of the working directory into the environment, if there is one. What is set already stays as it is.
 *
 * @throws {@link SetupError} when the file is there and cannot be read.
 */
export function readEnvFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if ('code' in error && error.code === 'ENOENT') return
    throw new SetupError(`.env cannot be read: ${error.message}`)
  }
}
