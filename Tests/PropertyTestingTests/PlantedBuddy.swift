import PropertyTesting

/// A buddy allocator of eight pages with a planted bug that someone really wrote.
struct PlantedBuddy: Hashable {
  enum Bug: CaseIterable {
    /// A buddy that is merged stays in its own free list as well.
    case buddyStaysListed
    /// A free buddy is accepted though it is of a smaller order, so a live page is swallowed.
    case orderNotCompared
  }

  static let topOrder = 3
  let bug: Bug?
  /// First pages of the free blocks of each order, the one to take next last.
  private(set) var lists: [[Int]] = Array(repeating: [], count: topOrder) + [[0]]

  init(bug: Bug?) { self.bug = bug }

  mutating func allocate(order: Int) -> Int? {
    guard let found = (order...Self.topOrder).first(where: { !lists[$0].isEmpty }) else {
      return nil
    }
    let page = lists[found].removeLast()
    for half in (order..<found).reversed() { lists[half].append(page + 1 << half) }
    return page
  }

  mutating func free(_ page: Int, order: Int) {
    var page = page
    var order = order
    while order < Self.topOrder {
      let buddy = page ^ (1 << order)
      guard let listed = bug == .orderNotCompared ? anyOrder(of: buddy) : order,
        let index = lists[listed].firstIndex(of: buddy)
      else { break }
      if bug != .buddyStaysListed { lists[listed].remove(at: index) }
      page &= ~(1 << order)
      order += 1
    }
    lists[order].append(page)
  }

  private func anyOrder(of page: Int) -> Int? { lists.firstIndex { $0.contains(page) } }
}

/// A buddy allocator in use by someone who only looks at the pages that are handed out.
struct BuddyUse: Hashable {
  enum Command: CustomStringConvertible, Sendable {
    case allocate(order: Int)
    case free(Int)

    var description: String {
      switch self {
      case .allocate(let order): "allocate(order: \(order))"
      case .free(let index): "free(\(index))"
      }
    }
  }

  private(set) var buddy: PlantedBuddy
  /// First page and order of each block in use.
  private(set) var live: [[Int]] = []

  init(bug: PlantedBuddy.Bug?) { buddy = PlantedBuddy(bug: bug) }

  /// Performs `command` and answers what is wrong afterwards, or nil.
  mutating func perform(_ command: Command) -> String? {
    switch command {
    case .allocate(let order):
      guard let page = buddy.allocate(order: order) else { return nil }
      let pages = page..<page + 1 << order
      let other = live.first { pages.overlaps($0[0]..<$0[0] + 1 << $0[1]) }
      live.append([page, order])
      return other.map { "pages \(pages) overlap the block at \($0[0])" }
    case .free(let index):
      let block = live.remove(at: index)
      buddy.free(block[0], order: block[1])
      return nil
    }
  }
}

/// Uses a buddy allocator at random until something is wrong.
func useBuddy(bug: PlantedBuddy.Bug?, _ choices: Choices) throws {
  var use = BuddyUse(bug: bug)
  var commands: [BuddyUse.Command] = []
  try choices.commands(average: 20, max: 60) {
    let command: BuddyUse.Command =
      if try choices.weighted([3, use.live.isEmpty ? 0 : 2]) == 0 {
        .allocate(order: try choices.draw(0...PlantedBuddy.topOrder))
      } else {
        .free(try choices.draw(0...use.live.count - 1))
      }
    commands.append(command)
    if let what = use.perform(command) { throw Wrong(commands: commands, what: what) }
  }
}
