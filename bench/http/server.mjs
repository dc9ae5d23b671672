/** Contenders in a process of their own: `node server.mjs FILE…`. Tells their ports, and its CPU time when asked. */
const servers = JSON.parse(process.env.BENCH_SERVERS)
const ports = []
for (const file of process.argv.slice(2)) {
  const { start } = await import(file)
  const listen = await start(servers)
  const server = await listen(0)
  ports.push(server.address().port)
}
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpu: user + system })
})
process.on('disconnect', () => process.exit())
process.send({ ports })
