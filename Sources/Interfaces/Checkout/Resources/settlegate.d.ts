/** Where an invoice stands for its customer. */
export type SettlegateStage =
  | "waiting" | "seen" | "confirming" | "short" | "paid" | "over"
  | "wrong_asset" | "closed_wrong_asset" | "late"
  | "closed_short" | "ending" | "expired" | "cancelled" | "refunded";

/** What the gateway says of an invoice; deliver goods by the webhook, not by this. */
export interface SettlegateStatus {
  object: "checkout_status";
  invoice: string;
  stage: SettlegateStage;
  /** Changes whenever something was seen. */
  revision: string;
}

export interface SettlegateWatch {
  /** Ends the watching. */
  stop(): void;
  /** Settles when the invoice is final or the watching was ended; rejects when there is no such invoice. */
  done: Promise<void>;
}

export interface SettlegateOptions {
  /** The `checkout_url` of an invoice. */
  checkoutUrl: string;
  /** The `link` of a Telegram payment option: it opens over the Mini App instead of the checkout page. */
  invoiceLink?: string;
  /** Called with the first status and with each that differs. */
  onStatus?(status: SettlegateStatus): void;
}

declare global {
  interface Window {
    Settlegate: {
      open(options: SettlegateOptions): SettlegateWatch;
      watch(checkoutUrl: string, onStatus: (status: SettlegateStatus) => void, interval?: number): SettlegateWatch;
    };
  }
}
