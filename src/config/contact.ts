/** Whom the box tells: the broker and the webhooks. */
import { z } from 'zod';
import { filePath, id, setting } from './setting.ts';

export const mqttSchema = z.strictObject({
  url: setting(
    z
      .string()
      .regex(/^(mqtts?|wss?):\/\/\S+$/, 'use a URL such as mqtts://broker.example.net:8883')
      .optional(),
    'Broker. Without it MQTT is off.',
    { applies: 'live', example: 'mqtts://broker.example.net:8883' },
  ),
  fallbackUrls: setting(
    z
      .array(z.string().regex(/^(mqtts?|wss?):\/\/\S+$/, 'use a URL such as mqtts://broker.example.net:8883'))
      .max(4)
      .default([]),
    'Other brokers, in order, for when the first cannot be reached; the same user and certificates. The first is taken again when it is back.',
    { applies: 'live' },
  ),
  proxy: setting(
    z
      .string()
      .regex(/^http:\/\/\S+$/, 'use a URL such as http://proxy.example.net:3128')
      .optional(),
    'HTTP proxy (CONNECT) for ws:// and wss:// brokers.',
    { applies: 'live', example: 'http://proxy.example.net:3128' },
  ),
  maxKbps: setting(
    z.int().min(8).max(100_000).default(256),
    'Most that MQTT may take of the network over a few seconds. Telemetry gives way first, then the states; events wait.',
    { unit: 'kbit/s', applies: 'live' },
  ),
  homeAssistant: setting(z.boolean().default(false), 'Publish what Home Assistant needs to find this box by itself, below homeassistant/.', {
    applies: 'live',
  }),
  box: setting(id.optional(), 'Name of this box in the topics; default: box.name.', { applies: 'live' }),
  user: setting(z.string().max(200).optional(), 'User name.', { applies: 'live' }),
  password: setting(z.string().max(500).optional(), 'Password. Rather use passwordFile.', { applies: 'live', secret: true }),
  passwordFile: setting(filePath.optional(), 'A file whose first line is the password.', { applies: 'live' }),
  caFile: setting(filePath.optional(), 'Certificate authority, PEM.', { applies: 'live' }),
  certFile: setting(filePath.optional(), 'Client certificate, PEM.', { applies: 'live' }),
  keyFile: setting(filePath.optional(), 'Key of the client certificate, PEM.', { applies: 'live' }),
});
export type MqttConfig = z.infer<typeof mqttSchema>;

export const webhookSchema = z.strictObject({
  id: setting(id, 'A short name, unique among the webhooks.', { applies: 'live', example: 'desk' }),
  url: setting(
    z
      .string()
      .max(2048)
      .regex(/^https?:\/\/\S+$/, 'use an https:// address'),
    'Each event is sent there by POST, as JSON.',
    {
      applies: 'live',
      example: 'https://desk.example.net/tandem',
    },
  ),
  secret: setting(z.string().min(8).max(256).optional(), 'Key of the signature (HMAC-SHA256). Rather use secretFile.', { applies: 'live', secret: true }),
  secretFile: setting(filePath.optional(), 'A file whose first line is the key of the signature.', { applies: 'live' }),
  severities: setting(
    z
      .array(z.enum(['info', 'warning', 'alarm', 'clear']))
      .min(1)
      .default(['warning', 'alarm', 'clear']),
    'Which events.',
    { applies: 'live' },
  ),
});
export type WebhookConfig = z.infer<typeof webhookSchema>;
