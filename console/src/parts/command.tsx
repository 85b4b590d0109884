import Box from '@cloudscape-design/components/box';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import './command.css';

/** A value as a shell word: quoted where it has to be. */
export function word(value: string): string {
  return /^[A-Za-z0-9_.,:/@=+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** The same as an action of the console, for a terminal. What is secret is not in it. */
export function Command({ text, label = 'The same on the command line' }: { text: string; label?: string }) {
  return (
    <div className="command">
      <Box variant="awsui-key-label">{label}</Box>
      <div className="command-line">
        <CopyToClipboard variant="icon" textToCopy={text} copyButtonAriaLabel="Copy command" copySuccessText="Copied" copyErrorText="Not copied" />
        <pre tabIndex={0}>{text}</pre>
      </div>
    </div>
  );
}
