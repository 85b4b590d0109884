import { useState } from 'react';
import { ApiError } from '../api/http';

export interface Act {
  busy: boolean;
  error: ApiError | undefined;
  /** Does it; answers whether that went well. */
  run: (what: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
}

/** What an action of a page is at: under way, or refused with this. */
export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const run = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await what();
      return true;
    } catch (e) {
      setError(asError(e));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run, clear: () => setError(undefined) };
}

/** Anything that was thrown, as a refusal. */
export function asError(e: unknown): ApiError {
  return e instanceof ApiError ? e : new ApiError('Failed', e instanceof Error ? e.message : String(e), 0);
}
