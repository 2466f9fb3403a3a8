// Where oidc-provider keeps what it knows: the storage interface it asks for, on Redis.
//
// It follows the pattern the provider's documentation gives for Redis: one key a model instance
// (JSON), a hash where the instance is consumed once, an index from a session's uid to its id, and
// a list of what came of a grant so that all of it can be revoked. Every write is one MULTI.

const CONSUMED_ONCE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode']);
const CAME_OF_A_GRANT = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']);

const byUid = (uid) => `oidc:uid:${uid}`;
const byGrant = (grantId) => `oidc:grant:${grantId}`;

export function redisAdapter(redis) {
  return class RedisAdapter {
    constructor(model) {
      this.model = model;
      this.isConsumedOnce = CONSUMED_ONCE.has(model);
      this.cameOfAGrant = CAME_OF_A_GRANT.has(model);
    }

    key(id) {
      return `oidc:${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      const json = JSON.stringify(payload);
      const writes = redis.multi();
      if (this.isConsumedOnce) {
        writes.hset(key, 'payload', json);
        if (expiresIn) writes.expire(key, expiresIn);
      } else if (expiresIn) {
        writes.set(key, json, 'EX', expiresIn);
      } else {
        writes.set(key, json);
      }
      if (this.cameOfAGrant && payload.grantId) {
        const index = byGrant(payload.grantId);
        writes.rpush(index, key);
        // GT: the list lives as long as the longest-lived thing on it; NX gives a new list its first limit.
        writes.expire(index, expiresIn, 'NX');
        writes.expire(index, expiresIn, 'GT');
      }
      if (payload.uid) writes.set(byUid(payload.uid), id, 'EX', expiresIn);
      await writes.exec();
    }

    async find(id) {
      const key = this.key(id);
      if (!this.isConsumedOnce) {
        const json = await redis.get(key);
        return json ? JSON.parse(json) : undefined;
      }
      const { payload, ...rest } = await redis.hgetall(key);
      return payload ? { ...rest, ...JSON.parse(payload) } : undefined;
    }

    async findByUid(uid) {
      const id = await redis.get(byUid(uid));
      return id ? this.find(id) : undefined;
    }

    async consume(id) {
      await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(this.key(id));
    }

    async revokeByGrantId(grantId) {
      const index = byGrant(grantId);
      const keys = await redis.lrange(index, 0, -1);
      await redis.del(index, ...keys);
    }
  };
}
