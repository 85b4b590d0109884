import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import type { ApiError } from '../api/http';

interface Props {
  error: ApiError | undefined;
  what?: string; // what did not work: "The chain could not be read"
  onRetry?: () => void;
}

/** A refusal as an alert, with its AWS code, its message and the request's id. Nothing when there is none. */
export function Problem({ error, what, onRetry }: Props) {
  if (!error) return null;
  const header = what ? `${what} (${error.code})` : error.code;
  return (
    <Alert type="error" header={header} action={onRetry && <Button onClick={onRetry}>Try again</Button>}>
      {error.message}
      {error.requestId && (
        <Box variant="small" display="block" color="inherit">
          Request {error.requestId}
        </Box>
      )}
    </Alert>
  );
}
