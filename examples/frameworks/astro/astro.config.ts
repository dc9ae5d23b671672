import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'standalone' }),
  // Astro's own sessions, another thing of the same name, which the adapter would switch on.
  session: false,
  // Whose word Astro takes for host and protocol: here the proxy in front of it, for this host.
  security: { allowedDomains: [{ hostname: '127.0.0.1' }] },
})
