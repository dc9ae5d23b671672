/** The values of `SESSION_TYPE`, of every version of the original. */
export const sessionTypes = [
  'null',
  'filesystem',
  'cachelib',
  'redis',
  'memcached',
  'mongodb',
  'sqlalchemy',
  'postgresql',
  'dynamodb',
] as const

export type SessionType = (typeof sessionTypes)[number]

export function isSessionType(text: string): text is SessionType {
  return sessionTypes.some((type) => type === text)
}
