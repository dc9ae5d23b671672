/** What is mutated, in parts that can be run one by one. */
interface Area {
  readonly files: readonly string[]
  /** Which tests are asked, quick and near ones first: at the first that fails a mutant counts as killed. */
  readonly tests: readonly string[]
}

export const areas: Readonly<Record<string, Area>> = {
  decide: { files: ['src/request/decide.ts'], tests: ['test/core/decide.test.ts'] },
  lifetime: {
    files: ['src/request/lifetime.ts', 'src/options/options-lifetime.ts', 'src/options/presets.ts'],
    tests: ['test/core/lifetime.test.ts', 'test/core/presets.test.ts', 'test/core/options.test.ts'],
  },
  merge: {
    files: ['src/record/merge.ts', 'src/record/settle.ts'],
    tests: ['test/core/merge.test.ts', 'test/stores/memory.test.ts'],
  },
  cookie: {
    files: [
      'src/cookie/cookie.ts',
      'src/cookie/cookie-header.ts',
      'src/cookie/cookie-rules.ts',
      'src/cookie/cookie-mark.ts',
      'src/cookie/clear-site-data.ts',
    ],
    tests: [
      'test/core/cookie.test.ts',
      'test/core/cookie-settings.test.ts',
      'test/core/cookie-duplicates.test.ts',
      'test/core/options.test.ts',
    ],
  },
  token: {
    files: ['src/cookie/token.ts', 'src/backend/new-id.ts'],
    tests: [
      'test/core/token.test.ts',
      'test/core/login.test.ts',
      'test/core/new-id.test.ts',
      'test/core/grace.test.ts',
      'test/core/permanent-owner.test.ts',
      'test/core/session-members.test.ts',
      'test/core/cookie-duplicates.test.ts',
      'test/stores/memory.test.ts',
    ],
  },
  record: {
    files: ['src/record/record.ts', 'src/record/grace.ts', 'src/record/succession.ts'],
    tests: [
      'test/record.test.ts',
      'test/core/grace.test.ts',
      'test/core/succession.test.ts',
      'test/core/renewal.test.ts',
      'test/stores/memory.test.ts',
    ],
  },
  codec: {
    files: [
      'src/record/codec.ts',
      'src/record/codec-bytes.ts',
      'src/record/codec-refusal.ts',
      'src/record/codec-tags.ts',
      'src/record/codec-walk.ts',
    ],
    tests: ['test/codec.test.ts'],
  },
  backend: {
    files: [
      'src/backend/backend-store.ts',
      'src/backend/compare-and-set.ts',
      'src/backend/record-writer.ts',
      'src/backend/update-record.ts',
      'src/backend/move-record.ts',
      'src/backend/regenerate-record.ts',
      'src/backend/renew-record.ts',
      'src/backend/destroy-session.ts',
    ],
    tests: [
      'test/core/login.test.ts',
      'test/core/renewal.test.ts',
      'test/core/session-members.test.ts',
      'test/core/permanent-owner.test.ts',
      'test/core/unreadable.test.ts',
      'test/core/events-told.test.ts',
      'test/core/unavailable.test.ts',
      'test/core/owner-limit.test.ts',
      'test/core/backend-store.test.ts',
      'test/core/compare-and-set.test.ts',
      'test/core/moving.test.ts',
      'test/core/cookie-duplicates.test.ts',
      'test/core/new-id.test.ts',
      'test/core/backend-cookie.test.ts',
      'test/core/validation.test.ts',
      'test/core/respond.test.ts',
      'test/core/owners.test.ts',
      'test/core/hostile-keys.test.ts',
      'test/core/queue.test.ts',
      'test/core/cookie-settings.test.ts',
      'test/stores/memory.test.ts',
    ],
  },
  file: {
    files: [
      'src/stores/file.ts',
      'src/stores/file-breaker.ts',
      'src/stores/file-folder.ts',
      'src/stores/file-format.ts',
      'src/stores/file-layout.ts',
      'src/stores/file-lock.ts',
      'src/stores/file-owner.ts',
      'src/stores/file-record.ts',
      'src/stores/file-slots.ts',
      'src/stores/file-sweep.ts',
    ],
    // Not those with processes that are killed or stopped: under a mutant they would wait for each other.
    tests: [
      'test/stores/file-owner.test.ts',
      'test/stores/file-record.test.ts',
      'test/stores/file-slots.test.ts',
      'test/stores/file-breaker.test.ts',
      'test/stores/file-sweep.test.ts',
      'test/stores/file-warnings.test.ts',
      'test/stores/file-races.test.ts',
      'test/stores/file-folder.test.ts',
      'test/stores/file.test.ts',
    ],
  },
}
