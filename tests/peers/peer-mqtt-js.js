// A client of MQTT.js that does what it is told: see README.
'use strict'

const mqtt = require('mqtt')
const readline = require('readline')

const TEXT_MAX = 64
let client = null

function say (...words) {
  process.stdout.write(words.join(' ') + '\n')
}

function pattern (size) {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = i * 31 + (i >> 8)
  return bytes
}

function toPayload (word) {
  if (word === '-') return ''
  return word[0] === '*' ? pattern(Number(word.slice(1))) : word
}

function fromPayload (payload) {
  if (payload.length === 0) return '-'
  if (payload.length <= TEXT_MAX) return payload.toString()
  return (payload.equals(pattern(payload.length)) ? '*' : 'garbled:') + payload.length
}

function keys (words) {
  return Object.fromEntries(words.filter(word => word.includes('='))
    .map(word => [word.split('=')[0], word.slice(word.indexOf('=') + 1)]))
}

function propertiesOf (packet) {
  const props = packet.properties || {}
  const words = []
  const put = (word, value) => {
    if (value !== undefined) words.push(`${word}=${value}`)
  }
  put('expiry', props.messageExpiryInterval)
  put('type', props.contentType)
  put('reply', props.responseTopic)
  put('correlation', props.correlationData)
  for (const [key, value] of Object.entries(props.userProperties || {})) put('user', `${key}:${value}`)
  put('id', props.subscriptionIdentifier)
  return words
}

const orders = {
  connect (...words) {
    const args = keys(words)
    const five = args.version === '5'
    const options = {
      host: '127.0.0.1',
      port: Number(args.port),
      clientId: args.id,
      protocolVersion: five ? 5 : 4,
      clean: args.clean === '1',
      keepalive: Number(args.keepalive || 60),
      reconnectPeriod: 20,
      resubscribe: false
    }
    if (five) options.properties = {}
    if (args.expiry) options.properties.sessionExpiryInterval = Number(args.expiry)
    if (args.aliases) options.topicAliasMaximum = Number(args.aliases)
    if (args.will) {
      const [topic, qos, retain, payload] = args.will.split(',')
      options.will = { topic, payload, qos: Number(qos), retain: retain === '1' }
      if (args.delay) options.will.properties = { willDelayInterval: Number(args.delay) }
    }
    if (client) {
      client.removeAllListeners()
      client.on('error', () => {})
      client.stream.destroy()
      client.end(true)
    }
    say('connecting')
    const mine = client = mqtt.connect(options)
    let up = false
    mine.on('connect', connack => {
      up = true
      say('connected', connack.sessionPresent ? 1 : 0)
    })
    mine.on('close', () => {
      if (mine.disconnecting) say('disconnected')
      else if (up) say('closed')
      up = false
    })
    mine.on('error', error => {
      if (error.code > 0) say('refused', error.code)
    })
    mine.on('message', (topic, payload, packet) =>
      say('message', topic, packet.qos, packet.retain ? 1 : 0, fromPayload(payload),
        ...propertiesOf(packet)))
  },

  subscribe (topic, qos, ...words) {
    const args = keys(words)
    const options = { qos: Number(qos) }
    if (args.nolocal) options.nl = args.nolocal === '1'
    if (args.rap) options.rap = args.rap === '1'
    if (args.handling) options.rh = Number(args.handling)
    if (args.id) options.properties = { subscriptionIdentifier: Number(args.id) }
    client.subscribe(topic, options, (error, granted) =>
      say('subscribed', error ? 128 : granted[0].qos))
  },

  unsubscribe (topic) {
    client.unsubscribe(topic, () => say('unsubscribed'))
  },

  publish (topic, qos, retain, payload, ...words) {
    const options = { qos: Number(qos), retain: retain === '1' }
    if (words.includes('props')) {
      options.properties = {
        messageExpiryInterval: 60,
        contentType: 'text/plain',
        responseTopic: 'reply/to',
        correlationData: Buffer.from('c0rr'),
        userProperties: { colour: 'green' }
      }
    }
    client.publish(topic, toPayload(payload), options, error => say(error ? 'not published' : 'published'))
  },

  burst (topic, qos, count, window) {
    let next = 0
    let ended = 0
    const goOn = () => {
      while (next < count && next - ended < window) {
        const number = String(next++)
        client.publish(topic.replace('%', number), number, { qos: Number(qos) }, () => {
          if (++ended === Number(count)) say('done')
          else setImmediate(goOn)
        })
      }
    }
    goOn()
  },

  disconnect () {
    client.end()
  }
}

if (process.argv[2] === '--version') {
  console.log('MQTT.js', require('mqtt/package.json').version)
} else {
  readline.createInterface({ input: process.stdin }).on('line', line => {
    const [name, ...words] = line.split(' ')
    orders[name](...words)
  }).on('close', () => process.exit(0))
}
