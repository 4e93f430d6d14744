import ArgumentParser
import Runtime

/// An amount of US dollars as people write it: `5`, `0.50`.
struct BudgetAmount: ExpressibleByArgument, Equatable, Sendable {
    var money: Money

    init?(argument: String) {
        guard let money = Money(decimal: argument) else { return nil }
        self.money = money
    }
}
