/** A real Chromium in front of real servers under host names of their own, over http and https. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import type { Browser, BrowserContext, Cookie, FrameLocator, Page } from 'playwright-core'
import { session as nodeSession } from '../../src/adapters/node.ts'
import { createSessions } from '../../src/index.ts'
import type { Sessions, SessionsOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { listen } from '../adapters/wire.ts'
import { makeCertificate } from '../servers/certificate.ts'
import { removeDirectory, serverDirectory } from '../servers/directory.ts'
import { launchChromium, launchProfile } from './chromium.ts'

type Data = Record<string, unknown>

/** Or the browser would ask for /favicon.ico as well, at a time of its own. */
const HEAD = '<link rel="icon" href="data:,">'

/** What a page shows of its session, and of the request that asked for it. */
export interface Shown {
  readonly data: Data
  readonly ended?: string
  /** The names of the cookies that came, in their order. */
  readonly cookies: readonly string[]
}

/** One server, under every host name there is. */
export interface Site {
  readonly sessions: Sessions<Data>
  readonly url: (host: string, path?: string) => string
}

/** The browser and the servers of one test file. */
export interface Sites {
  /** Serve sessions with `options` over `scheme`; default: a memory store of its own. */
  readonly serve: (scheme: 'http' | 'https', options?: SessionsOptions) => Promise<Site>
  /** A browser with an empty cookie jar. */
  readonly visitor: () => Promise<BrowserContext>
  /** The same with the setting that lets frames of other sites have cookies. */
  readonly openVisitor: () => Promise<BrowserContext>
  readonly close: () => Promise<void>
}

/**
 * Every name under `.test` is this machine. To a browser, `a.test` and `b.test` are two sites, `www.a.test` and
 * `a.test` are one, and http to them is not trustworthy, as it is to localhost.
 */
export async function openSites(): Promise<Sites> {
  const directory = serverDirectory(null)
  const certificate = await makeCertificate(directory, null)
  const tls = { cert: certificate.ca, key: readFileSync(certificate.keyFile, 'utf8') }
  const names = ['--host-resolver-rules=MAP *.test 127.0.0.1']
  const browser: Browser = await launchChromium(names)
  const closers: (() => Promise<void>)[] = [() => browser.close()]
  return {
    async serve(scheme, options = {}) {
      const sessions = createSessions<Data>({ store: memoryStore(), sweepEvery: false, ...options })
      const listener = nodeSession(sessions, (req: http.IncomingMessage, res: http.ServerResponse) =>
        answer(sessions, req, res),
      )
      const server = scheme === 'https' ? https.createServer(tls, listener) : http.createServer(listener)
      const { port, close } = await listen(server)
      closers.push(close)
      return { sessions, url: (host, path = '/') => `${scheme}://${host}:${port}${path}` }
    },
    visitor: () => browser.newContext({ ignoreHTTPSErrors: true }),
    async openVisitor() {
      const profile = join(directory, 'profile')
      mkdirSync(join(profile, 'Default'), { recursive: true })
      const allowed = { profile: { cookie_controls_mode: 0 } }
      writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(allowed))
      const context = await launchProfile(profile, names, { ignoreHTTPSErrors: true })
      closers.push(() => context.close())
      return context
    },
    async close() {
      for (const close of closers) await close()
      removeDirectory(directory)
    },
  }
}

/** The last part of the path says what to do; the page shows what came of it. */
async function answer(sessions: Sessions<Data>, req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://host')
  const session = sessions.of(req)
  res.setHeader('content-type', 'text/html; charset=utf-8')
  switch (pathname.slice(pathname.lastIndexOf('/') + 1)) {
    case 'login':
      await session.regenerate()
      session.data['user'] = searchParams.get('user')
      break
    case 'logout':
      await session.destroy()
      break
    case 'set':
      res.setHeader('set-cookie', searchParams.getAll('line'))
      res.end(`${HEAD}set`)
      return
    case 'link':
      res.end(`${HEAD}<a href="${searchParams.get('to')}">go</a>`)
      return
    case 'form':
      res.end(`${HEAD}<form method="post" action="${searchParams.get('to')}"><button>go</button></form>`)
      return
    case 'frame':
      res.end(`${HEAD}<iframe src="${searchParams.get('to')}"></iframe>`)
      return
  }
  const cookies = (req.headers.cookie ?? '').split('; ').map((pair) => pair.slice(0, pair.indexOf('=')))
  const { data, ended } = session
  res.end(`${HEAD}<pre>${JSON.stringify({ data, ended, cookies })}</pre>`)
}

/** Go to a page and read what it shows. */
export async function shown(page: Page, url: string): Promise<Shown> {
  await page.goto(url)
  return shownIn(page)
}

/** The same without leaving the page that is open, which must be of the same origin: ten times as fast. */
export async function fetched(page: Page, url: string): Promise<Shown> {
  const html = await page.evaluate(async (from) => (await fetch(from)).text(), url)
  return JSON.parse(html.slice(HEAD.length + '<pre>'.length, -'</pre>'.length))
}

/** What the page, or a frame in it, shows. */
export async function shownIn(page: Page | FrameLocator): Promise<Shown> {
  return JSON.parse(await page.locator('pre').innerText())
}

/** What the jar holds, without values and expiry. */
export async function cookiesOf(
  context: BrowserContext,
): Promise<Pick<Cookie, 'name' | 'domain' | 'path' | 'httpOnly' | 'secure' | 'sameSite'>[]> {
  const cookies = await context.cookies()
  return cookies.map(({ name, domain, path, httpOnly, secure, sameSite }) => ({
    name,
    domain,
    path,
    httpOnly,
    secure,
    sameSite,
  }))
}
