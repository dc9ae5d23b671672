import { keptInFiles } from './kept.ts'
import { sessionLives } from './session-lives.ts'

sessionLives('files', keptInFiles)
