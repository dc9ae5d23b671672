/** One contender in a process of its own: `node server.mjs FILE`. Tells its port, and its CPU time when asked. */
const { start } = await import(process.argv[2])
const listen = await start(JSON.parse(process.env.BENCH_SERVERS))
const server = await listen(0)
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system, rss: process.memoryUsage.rss() })
})
process.on('disconnect', () => process.exit())
process.send({ port: server.address().port })
