// Numbered broadcasts in one direction of a fleet, and what became of them.

/** So many in a row are "everything flows". */
const inARow = 20;

export class Direction {
  sentAt = [];
  receivedAt = [];  // the first time
  received = 0;
  duplicated = 0;
  reordered = 0;
  slowestMs = 0;    // of all that arrived
  #highest = -1;

  constructor(sender, receiver) {
    Object.assign(this, { sender, receiver, isLocal: sender === receiver });
    this.name = `${sender.label}${sender.label === receiver.label && !this.isLocal ? ` ${sender.name}` : ''} → ${receiver.label}`
      + `${sender.label === receiver.label && !this.isLocal ? ` ${receiver.name}` : ''}${this.isLocal ? ' local' : ''}`;
  }

  take(number) {
    const now = performance.now();
    if (this.receivedAt[number] !== undefined) {
      ++this.duplicated;
      return;
    }
    if (number < this.#highest) ++this.reordered;
    this.#highest = Math.max(this.#highest, number);
    this.receivedAt[number] = now;
    this.slowestMs = Math.max(this.slowestMs, now - this.sentAt[number]);
    ++this.received;
  }

  get lost() {
    return this.sentAt.length - this.received;
  }

  /** How many that were sent between two moments have not arrived. */
  lostBetween(begin, end) {
    let lost = 0;
    this.sentAt.forEach((at, number) => { lost += at >= begin && at < end && this.receivedAt[number] === undefined; });
    return lost;
  }

  /** When the first of so many in a row arrived, all sent after `moment`; undefined while there are none. */
  flowsSince(moment) {
    let count = 0;
    for (let number = this.sentAt.findIndex((at) => at >= moment); number >= 0 && number < this.sentAt.length; ++number) {
      count = this.receivedAt[number] === undefined ? 0 : count + 1;
      if (count === inARow) return this.receivedAt[number - inARow + 1];
    }
    return undefined;
  }
}

/** What flows between two nodes: each says numbers steadily, and the clients of both write them down. */
export class Traffic {
  #timer = null;
  #waiting = new Set();

  /** `event`: the name of the broadcasts; another one for each traffic of a fleet. */
  constructor(nodes, event, intervalMs = 10) {
    Object.assign(this, { nodes, event, intervalMs });
    this.directions = nodes.flatMap((sender) => nodes.map((receiver) => new Direction(sender, receiver)));
    this.remote = this.directions.filter(({ isLocal }) => !isLocal);
    this.local = this.directions.filter(({ isLocal }) => isLocal);
    this.problems = [];
    for (const receiver of nodes) {
      const from = Object.fromEntries(this.directions.filter((one) => one.receiver === receiver).map((one) => [one.sender.name, one]));
      receiver.client.on(event, (sender, number) => {
        from[sender].take(number);
        for (const look of this.#waiting) look();
      });
    }
  }

  start() {
    const numbers = this.nodes.map(() => 0);
    this.#timer = setInterval(() => {
      this.nodes.forEach((node, index) => {
        const number = numbers[index]++;
        const now = performance.now();
        for (const one of this.directions) if (one.sender === node) one.sentAt.push(now);
        node.op('emit', { args: [this.event, node.name, number] }).catch((error) => this.problems.push(`${node.name}: ${error.message}`));
      });
    }, this.intervalMs);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Resolves to whether `done` got true, asked whenever something has arrived, within the time. */
  until(done, deadlineMs) {
    return new Promise((resolve) => {
      const finish = (result) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(result);
      };
      const look = () => {
        if (done()) finish(true);
      };
      const timer = setTimeout(() => finish(false), deadlineMs);
      this.#waiting.add(look);
      look();
    });
  }

  /** Resolves to whether all flowed, both ways, with what was sent after `moment`. */
  flowsAgain(moment, deadlineMs) {
    return this.until(() => this.directions.every((one) => one.flowsSince(moment) !== undefined), deadlineMs);
  }

  /** Resolves when the last number of each sender has arrived everywhere, or the time is over. */
  settled(deadlineMs) {
    return this.until(() => this.directions.every((one) => one.receivedAt[one.sentAt.length - 1] !== undefined), deadlineMs);
  }
}
