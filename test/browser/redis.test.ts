import { keptInRedis } from './kept.ts'
import { sessionLives } from './session-lives.ts'

sessionLives('Redis', keptInRedis)
