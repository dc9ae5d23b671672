import type { NextConfig } from 'next'

const config: NextConfig = {
  // Node loads it as it is, in one piece for all routes.
  serverExternalPackages: ['coatcheck'],
  // This folder is no part of the project above it.
  turbopack: { root: import.meta.dirname },
}

export default config
