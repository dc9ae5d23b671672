/**
 * One contender without a network: `node server.mjs FILE`. Requests reach its server through a stream in memory, one
 * after the other, and it tells what CPU time they took.
 */
import { Duplex } from 'node:stream'

const { start } = await import(process.argv[2])
const listen = await start({})
const server = await listen(0)

process.on('message', (question) => void measure(question))
process.on('disconnect', () => process.exit())
process.send('ready')

async function measure({ path, cookie, amount }) {
  const ask = connection()
  const { user, system } = process.cpuUsage()
  let head = ''
  for (let n = 0; n < amount; n += 1) head = await ask(path, cookie)
  const used = process.cpuUsage({ user, system })
  process.send({ cpu: (used.user + used.system) / amount, head })
}

/** A keep-alive connection; its requests resolve to what the server sent. */
function connection() {
  let received = ''
  let settle
  const socket = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      received += chunk.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      const length = /content-length: (\d+)/i.exec(received)
      if (end !== -1 && received.length >= end + 4 + Number(length[1])) settle()
      done()
    },
  })
  // Frameworks ask a socket who is at its other end.
  Object.assign(socket, { remoteAddress: '127.0.0.1', setTimeout() {}, setNoDelay() {}, setKeepAlive() {} })
  server.emit('connection', socket)
  return async (path, cookie) => {
    received = ''
    const answered = new Promise((resolve) => (settle = resolve))
    socket.push(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`)
    await answered
    return received
  }
}
