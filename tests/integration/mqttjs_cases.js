// MQTT.js against the broker.  usage: node mqttjs_cases.js HOST PORT VERSION(4|5) [mqtt|ws]; NODE_PATH finds the package.
// Runs every case below, names it, and exits with 1 at the first that fails.
'use strict'

const assert = require('assert')
const mqtt = require('mqtt')

const [host, port, version] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const protocol = process.argv[5] || 'mqtt'
const kDeadlineMs = 20000
const open = []

function within (promise, what) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${kDeadlineMs} ms: ${what}`)), kDeadlineMs)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

async function connect (options = {}) {
  const client = mqtt.connect({ host, port, protocol, path: '/mqtt', protocolVersion: version, reconnectPeriod: 100, ...options })
  open.push(client)
  client.got = []
  client.on('error', () => {})
  client.on('message', (topic, payload, packet) => {
    client.got.push(packet)
    client.emit('more')
  })
  client.firstConnack = await within(new Promise(resolve => client.once('connect', resolve)), 'connected')
  return client
}

function messages (client, count) {
  return within(new Promise(resolve => {
    const look = () => { if (client.got.length >= count) { client.off('more', look); resolve(client.got) } }
    client.on('more', look)
    look()
  }), `${count} messages (has ${client.got.length})`)
}

const payloads = client => client.got.map(packet => packet.payload.toString())
const kept = id => version === 5
  ? { clientId: id, clean: false, properties: { sessionExpiryInterval: 600 } }
  : { clientId: id, clean: false }

const cases = {
  async 'each QoS arrives' () {
    const client = await connect()
    for (const qos of [0, 1, 2]) {
      await client.subscribeAsync(`js/${version}/qos${qos}`, { qos })
      await client.publishAsync(`js/${version}/qos${qos}`, `q${qos}`, { qos })
      const last = (await messages(client, qos + 1))[qos]
      assert.deepStrictEqual([last.payload.toString(), last.qos], [`q${qos}`, qos])
    }
  },

  async 'five hundred QoS 2 messages keep their order' () {
    const [receiver, sender] = [await connect(), await connect()]
    await receiver.subscribeAsync(`js/${version}/order`, { qos: 2 })
    const numbers = [...Array(500).keys()].map(String)
    for (let at = 0; at < numbers.length; at += 20) { // MQTT.js has no window of its own in 3.1.1
      const some = numbers.slice(at, at + 20)
      await within(Promise.all(some.map(n => sender.publishAsync(`js/${version}/order`, n, { qos: 2 }))), 'published')
    }
    await messages(receiver, 500)
    assert.deepStrictEqual(payloads(receiver), numbers)
  },

  async 'a cut connection comes back and its session goes on' () {
    const [away, sender] = [await connect(kept(`js-kept-${version}`)), await connect()]
    await away.subscribeAsync(`js/${version}/kept`, { qos: 1 })
    const back = new Promise(resolve => away.once('connect', resolve))
    away.stream.destroy()
    for (let n = 0; n < 20; ++n) await sender.publishAsync(`js/${version}/kept`, String(n), { qos: 1 })
    const connack = await within(back, 'reconnected')
    assert.strictEqual(connack.sessionPresent, true)
    await messages(away, 20)
    assert.deepStrictEqual([...new Set(payloads(away))], [...Array(20).keys()].map(String))
  },

  async 'a payload of one megabyte arrives unchanged' () {
    const client = await connect()
    const big = Buffer.alloc(1000000, 'tombo')
    await client.subscribeAsync(`js/${version}/big`, { qos: 1 })
    await client.publishAsync(`js/${version}/big`, big, { qos: 1 })
    assert.ok((await messages(client, 1))[0].payload.equals(big))
  },

  async 'retained and will' () {
    const will = { topic: `js/${version}/will`, payload: Buffer.from('farewell'), qos: 1, retain: true }
    const [doomed, watcher] = [await connect({ will, reconnectPeriod: 0 }), await connect()]
    await watcher.subscribeAsync(will.topic, { qos: 1 })
    doomed.stream.destroy()
    assert.strictEqual((await messages(watcher, 1))[0].payload.toString(), 'farewell')
    const late = await connect()
    await late.subscribeAsync(will.topic, { qos: 1 })
    assert.strictEqual((await messages(late, 1))[0].retain, true)
    await watcher.publishAsync(will.topic, '', { qos: 1, retain: true })
  }
}

if (version === 5) {
  cases['a shared group divides messages'] = async () => {
    const [one, two, sender] = [await connect(), await connect(), await connect()]
    for (const member of [one, two]) await member.subscribeAsync('$share/js/js/shared', { qos: 1 })
    for (let n = 0; n < 100; ++n) await sender.publishAsync('js/shared', String(n), { qos: 1 })
    await within(new Promise(resolve => {
      const look = () => { if (one.got.length + two.got.length >= 100) resolve() }
      one.on('more', look)
      two.on('more', look)
      look()
    }), 'the group has all')
    assert.ok(one.got.length > 0 && two.got.length > 0)
    assert.strictEqual(new Set([...payloads(one), ...payloads(two)]).size, 100)
  }
  cases['properties are passed on'] = async () => {
    const client = await connect()
    await client.subscribeAsync('js/properties', { qos: 1, properties: { subscriptionIdentifier: 9 } })
    await client.publishAsync('js/properties', 'x', {
      qos: 1,
      properties: { userProperties: { a: ['1', '2'] }, contentType: 'text/plain', responseTopic: 'back', correlationData: Buffer.from('c') }
    })
    const { properties } = (await messages(client, 1))[0]
    assert.deepStrictEqual({ ...properties.userProperties }, { a: ['1', '2'] })
    assert.strictEqual(properties.subscriptionIdentifier, 9)
    assert.deepStrictEqual([properties.contentType, properties.responseTopic, properties.correlationData.toString()],
      ['text/plain', 'back', 'c'])
  }
  cases['topic aliases that the client assigns'] = async () => {
    const [receiver, sender] = [await connect(), await connect({ autoAssignTopicAlias: true })]
    await receiver.subscribeAsync('js/alias', { qos: 1 })
    for (let n = 0; n < 10; ++n) await sender.publishAsync('js/alias', String(n), { qos: 1 })
    await messages(receiver, 10)
    assert.deepStrictEqual(payloads(receiver), [...Array(10).keys()].map(String))
  }
}

async function main () {
  for (const [name, run] of Object.entries(cases)) {
    await run()
    console.log(`ok: ${name}`)
    await Promise.all(open.splice(0).map(client => client.endAsync(true)))
  }
  console.log('PASSED')
  process.exit(0)
}

main().catch(error => {
  console.log(`FAILED: ${error.stack}`)
  process.exit(1)
})
