/** The OpenAPI 3.1 document, made from the table of routes and the zod schemas. */
import { z } from 'zod';
import { commandPayloads, requestFields } from '../../model/mqtt.ts';
import type { ApiRoute } from './api.ts';
import { loginBody, setupBody } from './login.ts';

type Json = Record<string, unknown>;

/** JSON Schema of draft 2020-12, which OpenAPI 3.1 takes as it is. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { unrepresentable: 'any' }) as Json;
  return rest;
}

const content = (schema: z.ZodType, type = 'application/json') => ({ content: { [type]: { schema: jsonSchema(schema) } } });

export function openApiDocument(routes: readonly ApiRoute[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (route.path === '/api/commands/:name') {
      for (const name of Object.keys(commandPayloads)) paths[`/api/commands/${name}`] = { post: commandOperation(name, route) };
      continue;
    }
    const type = route.type ?? 'application/json';
    const parameters = Object.entries(route.query ?? {}).map(([name, { schema, description }]) => ({
      name,
      in: 'query',
      description,
      schema: jsonSchema(schema),
    }));
    paths[route.path] = {
      ...paths[route.path],
      [route.method]: {
        summary: route.summary,
        ...(parameters.length > 0 && { parameters }),
        ...(route.body && { requestBody: content(route.body) }),
        responses: {
          200: { description: 'OK', ...(route.reply === null ? { content: { [type]: {} } } : content(route.reply, type)) },
          401: { description: 'not logged in' },
        },
      },
    };
  }
  paths['/healthz'] = {
    get: { summary: 'Whether the control daemon works. Open to everybody.', security: [], responses: { 200: { description: 'it does' } } },
  };
  paths['/api/login'] = {
    post: {
      summary: 'Log in; sets the session cookie.',
      security: [],
      requestBody: content(loginBody),
      responses: { 200: { description: 'welcome' }, 401: { description: 'wrong' } },
    },
  };
  paths['/api/setup'] = {
    post: {
      summary: 'Set the password, while none is set.',
      security: [],
      requestBody: content(setupBody),
      responses: { 200: { description: 'set' }, 409: { description: 'set already' } },
    },
  };
  paths['/api/logout'] = { post: { summary: 'Log out.', responses: { 200: { description: 'goodbye' } } } };
  paths['/api/session'] = { get: { summary: 'The session’s CSRF token, to send as X-CSRF-Token with each POST.', responses: { 200: { description: 'OK' } } } };
  paths['/api/openapi.json'] = { get: { summary: 'This document.', responses: { 200: { description: 'OK' } } } };
  return {
    openapi: '3.1.0',
    info: { title: 'Tandem', version, description: 'Management of a Tandem box. The token is in the file api-token of the state directory.' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, session: { type: 'apiKey', in: 'cookie', name: 'tandem-<box>' } } },
    security: [{ token: [] }, { session: [] }],
    paths,
  };
}

function commandOperation(name: string, route: ApiRoute): Json {
  const schema = commandPayloads[name] as z.ZodObject;
  // The request fields of MQTT have HTTP's own forms here: the reply comes by itself, Idempotency-Key is the correlation.
  const args = schema.omit(Object.fromEntries(Object.keys(requestFields).map((key) => [key, true])) as Record<string, true>);
  return {
    summary: `Command ${name}.`,
    parameters: [{ name: 'Idempotency-Key', in: 'header', description: 'the same key twice is done once', schema: { type: 'string' } }],
    requestBody: content(args),
    responses: {
      200: { description: 'done', ...(route.reply && content(route.reply)) },
      400: { description: 'not valid' },
      503: { description: 'the media daemon does not answer' },
    },
  };
}
